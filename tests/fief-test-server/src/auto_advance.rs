//! Requests while tokio's time is paused.

use tokio::{runtime::Handle, sync::oneshot};

use crate::FiefTestServer;

impl FiefTestServer {
    /// Awaits a future during which tokio does not advance its paused time automatically, so that no
    /// time-out ends a request before the response arrives.
    ///
    /// Use it in tests with `start_paused = true`, for everything that sends requests to this
    /// server. The future must not wait for a timer of tokio, which would never end, unless it
    /// calls `tokio::time::advance`. If the time is not paused, it has no effect.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::FiefTestServer;
    /// use tokio::net::TcpStream;
    ///
    /// let server = FiefTestServer::start().await;
    /// let address = server.url().trim_start_matches("http://");
    /// let client = server.without_auto_advance(TcpStream::connect(address)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn without_auto_advance<F: Future>(&self, future: F) -> F::Output {
        // Tokio does not advance while a blocking task runs. It ends with the sender.
        let (_end, ended) = oneshot::channel::<()>();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || ended.blocking_recv());
        }
        future.await
    }
}
