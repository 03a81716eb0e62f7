use std::{
    fmt,
    future::{Future, IntoFuture},
    io::{self, Write},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use url::Url;

use crate::{
    AuthorizationRequest, FiefUserInfo,
    cli::{
        FiefAuthError, LoginEvent,
        browser::Browser,
        listener,
        page::Page,
        paste::Paste,
        redirect::{DEFAULT_REDIRECT_URI, Expected, RedirectUri},
        store::Store,
        waiting::{Arrived, Waiting},
    },
};

/// Login that [`FiefAuth::login`](crate::cli::FiefAuth::login) returns: set what differs from the defaults, and await it.
///
/// ```no_run
/// use std::time::Duration;
/// use fief_client::{AuthorizationRequest, cli::{FiefAuth, FiefAuthError, LoginEvent}};
///
/// async fn log_in(auth: &FiefAuth) -> Result<(), FiefAuthError> {
///     let user = auth
///         .login()
///         .redirect_uri("http://127.0.0.1:8765/callback")
///         .request(AuthorizationRequest::new().lang("fr"))
///         .time_limit(Duration::from_secs(120))
///         .on_event(|event| match event {
///             LoginEvent::BrowserUnavailable { url, .. } => println!("Ouvrez {url}"),
///             event => println!("{event}"),
///         })
///         .await?;
///     println!("Bonjour {:?}", user.email);
///     Ok(())
/// }
/// ```
#[must_use = "a login does nothing until it is awaited"]
pub struct Login {
    store: Arc<Store>,
    request: AuthorizationRequest,
    redirect_uri: String,
    time_limit: Duration,
    browser: Browser,
    paste: Paste,
    on_event: OnEvent,
}

type OnEvent = Box<dyn FnMut(&LoginEvent<'_>) + Send>;

impl Login {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            request: AuthorizationRequest::new(),
            redirect_uri: DEFAULT_REDIRECT_URI.to_owned(),
            time_limit: TIME_LIMIT,
            browser: Browser::Default,
            paste: Paste::Default,
            on_event: Box::new(|event| {
                // Standard error may be closed.
                let _ = writeln!(io::stderr(), "{event}");
            }),
        }
    }

    /// Sets parameters of the login URL, such as more scopes or a language. Default: no more parameters.
    ///
    /// The scopes `openid` and `offline_access` are always requested.
    #[doc(alias = "extras_params")]
    pub fn request(mut self, request: AuthorizationRequest) -> Self {
        self.request = request;
        self
    }

    /// Sets the address to which Fief sends the browser, as registered with Fief. Default:
    /// `http://127.0.0.1:51562/callback`.
    ///
    /// It must begin with `http://127.0.0.1` or `http://localhost` and have no query. With both, the login listens on
    /// 127.0.0.1 only; `localhost` is for clients that are already registered with it
    /// ([RFC 8252, section 8.3](https://www.rfc-editor.org/rfc/rfc8252#section-8.3)). Port 0 is any free one, which Fief
    /// does not support: it compares the whole address.
    #[doc(alias = "server_address")]
    #[doc(alias = "redirect_path")]
    pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> Self {
        self.redirect_uri = redirect_uri.into();
        self
    }

    /// Sets how long the login waits for the browser. Default: 10 minutes.
    pub fn time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// Sets what is called with the progress of the login. Default: it is written to standard error.
    pub fn on_event(mut self, on_event: impl FnMut(&LoginEvent<'_>) + Send + 'static) -> Self {
        self.on_event = Box::new(on_event);
        self
    }

    /// Sets how the browser is opened, on a thread of its own. Default: the platform's way, unless there is no screen, such
    /// as in containers and over SSH.
    pub fn browser(mut self, open: impl FnOnce(&Url) -> io::Result<()> + Send + 'static) -> Self {
        self.browser = Browser::Custom(Box::new(open));
        self
    }

    /// Opens no browser: the user opens the URL of [`LoginEvent::BrowserUnavailable`].
    pub fn without_browser(mut self) -> Self {
        self.browser = Browser::None;
        self
    }

    /// Sets where pasted addresses come from: `next` returns the next one, or `None` if there are no more. Default: the lines
    /// of standard input, if it is a terminal.
    pub fn paste_from<F>(mut self, mut next: impl FnMut() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        self.paste = Paste::Custom(Box::new(move || Box::pin(next())));
        self
    }

    async fn run(self) -> Result<FiefUserInfo, FiefAuthError> {
        let Self {
            store,
            request,
            redirect_uri,
            time_limit,
            browser,
            paste,
            mut on_event,
        } = self;
        let can_paste = paste.is_available();
        let (listener, redirect_uri) = listener::bind(RedirectUri::parse(&redirect_uri)?).await;
        let port = redirect_uri.port();
        let listener = match listener {
            Err(source) if !can_paste => return Err(FiefAuthError::Listener { port, source }),
            listener => listener.inspect_err(|error| {
                on_event(&LoginEvent::ListenerUnavailable { port, error });
            }),
        };
        let (url, attempt) = store.begin(redirect_uri.as_str(), request).await?;
        let expected = Expected {
            redirect_uri,
            state: attempt.state().into(),
        };
        let waiting = Waiting::start(listener, expected, url, (browser, paste));
        let arrived = waiting.arrival(time_limit, &mut on_event).await?;
        let Arrived {
            response,
            connection,
        } = arrived;
        let result = match response {
            Ok(response) => {
                on_event(&LoginEvent::Exchanging);
                store.finish(&attempt, &response).await
            }
            Err(error) => Err(error),
        };
        if let Some(connection) = connection {
            connection.respond(&Page::of(&result)).await;
        }
        result
    }
}

impl IntoFuture for Login {
    type Output = Result<FiefUserInfo, FiefAuthError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("store", &self.store)
            .field("redirect_uri", &self.redirect_uri)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

/// As long as Fief's codes are valid.
const TIME_LIMIT: Duration = Duration::from_secs(600);
