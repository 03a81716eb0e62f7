use reqwest::{Client, StatusCode, redirect::Policy};

use super::place::{Place, Setup};

/// The limit of logins that the documentation shows.
#[tokio::test]
#[ignore = "needs nginx"]
async fn the_proxy_limits_logins_alone() {
    let setup = Setup {
        path: "/shop",
        shared_settings: "limit_req_zone $binary_remote_addr zone=logins:10m rate=30r/m;",
        settings: r"location ~ ^/shop/(login|auth-callback)$ {
            limit_req zone=logins burst=20 nodelay;
            limit_req_status 429;
            proxy_pass http://up;
            proxy_set_header Host $http_host;
        }",
        ..Setup::default()
    };
    let place = Place::start(setup).await;
    let client = Client::builder().redirect(Policy::none()).no_proxy();
    let client = client.build().unwrap();
    let open = async |path: &str| {
        let page = client.get(format!("{}{path}", place.url));
        page.send().await.unwrap().status()
    };

    let mut logins = Vec::new();
    while logins.last() != Some(&StatusCode::TOO_MANY_REQUESTS) {
        assert!(logins.len() < 100, "{logins:?}");
        logins.push(open("/login").await);
    }

    logins.pop();
    assert!(logins.len() > 20, "{logins:?}");
    assert!(logins.iter().all(StatusCode::is_redirection), "{logins:?}");
    assert_eq!(open("/").await, StatusCode::OK);
}
