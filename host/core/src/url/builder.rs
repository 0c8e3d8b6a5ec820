//! Making a URL from parts, and a changed one from another. A URL never changes: `with_..` and `without_..` give a new one.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use uuid::Uuid;

use super::{
    Parts, Url, UrlError, UrlErrorKind, location::Location, params::Params, parse::Addresses,
};
use crate::keys;

/// Collects the parts of a [`Url`] (dubbo-go `NewURLWithOptions`). Parts may come in any order; the last one counts.
#[derive(Debug, Clone)]
#[must_use]
pub struct UrlBuilder {
    parts: Parts,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&Url::from_parts(self.clone()), f)
    }
}

impl UrlBuilder {
    /// Nothing yet; the location is `:`, as dubbo-go's.
    pub(super) fn new() -> Self {
        Self {
            parts: Parts {
                location: Location::new("", None),
                ..Parts::default()
            },
        }
    }

    pub(super) fn from_parts(parts: Parts) -> Self {
        Self { parts }
    }

    /// Sets the scheme, in lower case.
    pub fn protocol(mut self, protocol: &str) -> Self {
        self.parts.protocol = protocol.to_ascii_lowercase().into();
        self
    }

    /// Sets the user.
    pub fn username(mut self, username: impl Into<Arc<str>>) -> Self {
        self.parts.username = username.into();
        self
    }

    /// Sets the password.
    pub fn password(mut self, password: impl Into<Arc<str>>) -> Self {
        self.parts.password = password.into();
        self
    }

    /// Sets host name or IP, IPv6 with or without brackets; a list of addresses becomes this one.
    pub fn host(mut self, host: &str) -> Self {
        self.parts.location = Location::new(host, self.parts.location.port());
        self
    }

    /// Sets the port, `None` for no port; a list of addresses becomes its first.
    pub fn port(mut self, port: impl Into<Option<u16>>) -> Self {
        self.parts.location = Location::new(self.parts.location.host(), port.into());
        self
    }

    /// Sets host and port from `host:port`, or from the comma list of a registry's addresses, which is kept as written.
    ///
    /// # Errors
    /// [`UrlErrorKind::Address`] for a host or port that cannot be one.
    pub fn location(mut self, location: &str) -> Result<Self, UrlError> {
        self.parts.location =
            Location::parse(location, Addresses::List, |host| Ok(host.to_owned()))
                .map_err(|cause| UrlError::new(UrlErrorKind::Address, location, cause))?;
        Ok(self)
    }

    /// Sets the path; one leading slash is put in front if it has none.
    pub fn path(mut self, path: &str) -> Self {
        self.parts.path = format!("/{}", path.strip_prefix('/').unwrap_or(path)).into();
        self
    }

    /// Sets a parameter, replacing every value that it had.
    pub fn param(mut self, key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.params_mut().set(key.into(), value.into());
        self
    }

    /// Sets each parameter of a collection, replacing the values that they had.
    pub fn params<K: Into<Arc<str>>, V: Into<Arc<str>>>(
        mut self,
        params: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let own = self.params_mut();
        for (key, value) in params {
            own.set(key.into(), value.into());
        }
        self
    }

    /// Adds a value to a parameter, behind those that it has. Reads look at the first only.
    pub fn add_param(mut self, key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.params_mut().append(key.into(), value.into());
        self
    }

    /// Sets a parameter to the base64 form that [`Url::get_and_decode`] reads.
    pub fn param_encoded(self, key: impl Into<Arc<str>>, bytes: impl AsRef<[u8]>) -> Self {
        self.param(key, URL_SAFE.encode(bytes))
    }

    /// Takes a parameter out, every value of it.
    pub fn without_param(self, key: &str) -> Self {
        self.retain_params(|stored, _| stored != key)
    }

    /// Keeps the parameters, key and value, that `keep` says yes to.
    pub fn retain_params(mut self, keep: impl FnMut(&str, &str) -> bool) -> Self {
        self.params_mut().retain(keep);
        self
    }

    /// Sets parameter `token`: empty text leaves it alone, `true` and `default` in any case mean a fresh random UUID,
    /// anything else is the token itself.
    pub fn token(self, token: &str) -> Self {
        if token.is_empty() {
            return self;
        }
        if token.eq_ignore_ascii_case("true") || token.eq_ignore_ascii_case("default") {
            return self.param(keys::TOKEN, Uuid::new_v4().to_string());
        }
        self.param(keys::TOKEN, token)
    }

    /// Sets the methods of an exported service. An entry is one name; a comma in it does not split it.
    pub fn methods<M: Into<Arc<str>>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.parts.methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Sets or takes away the URL that travels inside a `registry://` URL.
    pub fn sub_url(mut self, sub_url: impl Into<Option<Url>>) -> Self {
        self.parts.sub_url = sub_url.into();
        self
    }

    /// The finished URL.
    #[must_use]
    pub fn build(self) -> Url {
        Url::from_parts(self.parts)
    }

    /// The parameters for change; copied first when another URL shares them.
    fn params_mut(&mut self) -> &mut Params {
        Arc::make_mut(&mut self.parts.params)
    }
}

impl Url {
    /// This URL with another scheme.
    #[must_use]
    pub fn with_protocol(&self, protocol: &str) -> Self {
        self.to_builder().protocol(protocol).build()
    }

    /// This URL with another user.
    #[must_use]
    pub fn with_username(&self, username: &str) -> Self {
        self.to_builder().username(username).build()
    }

    /// This URL with another password.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        self.to_builder().password(password).build()
    }

    /// This URL with another host.
    #[must_use]
    pub fn with_host(&self, host: &str) -> Self {
        self.to_builder().host(host).build()
    }

    /// This URL with another port, or none.
    #[must_use]
    pub fn with_port(&self, port: impl Into<Option<u16>>) -> Self {
        self.to_builder().port(port).build()
    }

    /// This URL with another `host:port` or registry list.
    ///
    /// # Errors
    /// As [`UrlBuilder::location`].
    pub fn with_address(&self, address: &str) -> Result<Self, UrlError> {
        Ok(self.to_builder().location(address)?.build())
    }

    /// This URL with another path, under the rule of [`UrlBuilder::path`].
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        self.to_builder().path(path).build()
    }

    /// This URL with a parameter set.
    #[must_use]
    pub fn with_param(&self, key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.to_builder().param(key, value).build()
    }

    /// This URL with a parameter set, unless it has a value that is not empty.
    #[must_use]
    pub fn with_param_if_absent(&self, key: &str, value: &str) -> Self {
        if self.get(key).is_some() {
            self.clone()
        } else {
            self.with_param(key, value)
        }
    }

    /// This URL with each parameter of a collection set.
    #[must_use]
    pub fn with_params<K: Into<Arc<str>>, V: Into<Arc<str>>>(
        &self,
        params: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.to_builder().params(params).build()
    }

    /// This URL without one parameter.
    #[must_use]
    pub fn without_param(&self, key: &str) -> Self {
        if self.first(key).is_none() {
            self.clone()
        } else {
            self.to_builder().without_param(key).build()
        }
    }

    /// This URL without the parameters listed (dubbo-go `CloneExceptParams`, which also loses later values of a repeated
    /// key; we keep them).
    #[must_use]
    pub fn without_params(&self, keys: &[&str]) -> Self {
        self.to_builder()
            .retain_params(|key, _| !keys.contains(&key))
            .build()
    }

    /// This URL without the parameters whose key starts with `prefix`; a registry leaves out those with `.`.
    #[must_use]
    pub fn without_params_prefixed(&self, prefix: &str) -> Self {
        self.to_builder()
            .retain_params(|key, _| !key.starts_with(prefix))
            .build()
    }

    /// This URL with only the parameters listed, as far as they are not empty, and without sub URL (dubbo-go
    /// `CloneWithParams`).
    #[must_use]
    pub fn with_only_params(&self, keys: &[&str]) -> Self {
        let keep = |key: &str, value: &str| !value.is_empty() && keys.contains(&key);
        self.to_builder().retain_params(keep).sub_url(None).build()
    }

    /// This URL with the methods of an exported service.
    #[must_use]
    pub fn with_methods<M: Into<Arc<str>>>(&self, methods: impl IntoIterator<Item = M>) -> Self {
        self.to_builder().methods(methods).build()
    }

    /// This URL with another one inside, as a registry's URL carries it.
    #[must_use]
    pub fn with_sub_url(&self, sub_url: Self) -> Self {
        self.to_builder().sub_url(sub_url).build()
    }
}
