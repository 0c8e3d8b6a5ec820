//! The vectors of the URL model (behaviour specification, section 1.13) as tables, each case with its id; where the reference is
//! wrong the wanted value stands. The properties and the cases beyond the vectors follow.

mod build;
mod identity;
mod merge;
mod parse;
mod properties;
mod read;
mod refuse;

use super::Url;

/// The provider URL of the vectors; its keys happen to be sorted.
const PROVIDER: &str = "dubbo://127.0.0.1:20000/com.ikurento.user.UserProvider?anyhost=true&application=BDTService\
    &category=providers&default.timeout=10000&dubbo=dubbo-provider-golang-1.0.0&environment=dev\
    &interface=com.ikurento.user.UserProvider&ip=192.168.56.1&methods=GetUser%2C&module=dubbogo+user-info+server\
    &org=ikurento.com&owner=ZX&pid=1447&revision=0.0.1&side=provider&timeout=3000&timestamp=1556509797245";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn params(pairs: &[(&str, &str)]) -> Url {
    url("dubbo://h:1/a.B").with_params(pairs.iter().copied())
}
