use std::time::Duration;

use axum::{Router, routing::post};
use http::HeaderMap;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// A server that receives webhooks.
pub(crate) struct Hook {
    pub(crate) url: String,
    deliveries: UnboundedReceiver<Delivery>,
}

/// A request that it received.
pub(crate) struct Delivery {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Hook {
    pub(crate) async fn listen() -> Self {
        let (sender, deliveries) = unbounded_channel();
        let take = async move |headers: HeaderMap, body: String| {
            // Fails if no test waits for it.
            let _ = sender.send(Delivery { headers, body });
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(take));
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { url, deliveries }
    }

    /// Waits for the next delivery, with a timeout.
    pub(crate) async fn delivery(&mut self) -> Delivery {
        let next = timeout(Duration::from_secs(60), self.deliveries.recv()).await;
        next.expect("nothing was delivered").unwrap()
    }
}
