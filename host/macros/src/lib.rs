//! The macros of wubbo: `#[wubbo::service]` on an impl, `#[wubbo::interface]` on a trait, `#[derive(JavaType)]` on a type.
//!
//! They turn Rust signatures into a Dubbo contract (Java names, JVM descriptors) and into the code between typed arguments and
//! encoded ones. What they emit names `::wubbo::contract` only, so a user needs no further dependency. They know nothing of
//! Hessian, of a wire protocol or of how a service is found.

mod attributes;
mod case;
mod interface;
mod java_type;
mod method;
mod service;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a type a Dubbo service: each `async fn` of the impl becomes a method of the interface.
///
/// ```ignore
/// #[wubbo::service(interface = "org.wubbo.demo.EchoService", version = "1.0.0")]
/// impl Echo {
///     async fn get_user(&self, id: String) -> wubbo::Result<User> { .. }      // Java name getUser
/// }
/// ```
///
/// | key | default | meaning |
/// |---|---|---|
/// | `interface` | required | the Java interface |
/// | `version`, `group` | empty | what the service is exported under unless its options say otherwise |
/// | `crate` | `::wubbo` | path of the wubbo crate |
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | a method | `#[wubbo(name = "getUser")]` | the Java name, when it is not the camel case of the Rust name |
/// | a method | `#[wubbo(skip)]` | an ordinary method, no part of the interface |
/// | a parameter | `#[wubbo(java = "java.lang.Object")]` | the Java type, when it is not the one that [`macro@JavaType`] gives |
///
/// A method takes `&self`, then optionally the call's `&Context`, then its arguments. It returns `Result<T, E>` where `E` turns into
/// a `wubbo::Error`. Two methods with one Java name are overloads.
#[proc_macro_attribute]
pub fn service(arguments: TokenStream, item: TokenStream) -> TokenStream {
    service::expand(arguments.into(), item.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Makes a client of a trait: `trait EchoService` gives `struct EchoServiceClient` with the same methods.
///
/// ```ignore
/// #[wubbo::interface(interface = "org.wubbo.demo.EchoService", version = "1.0.0")]
/// pub trait EchoService {
///     async fn get_user(&self, id: &str) -> wubbo::Result<User>;
/// }
/// ```
///
/// The keys and attributes are those of [`macro@service`], and `client = ".."` names the struct. The client implements the trait, whose
/// futures are `Send`; so does any stand-in of a test that writes the methods as `async fn`.
#[proc_macro_attribute]
pub fn interface(arguments: TokenStream, item: TokenStream) -> TokenStream {
    interface::expand(arguments.into(), item.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Says which Java class a struct or enum stands for. The class is the type's serde name: `#[serde(rename = "org.wubbo.demo.User")]`.
///
/// With `#[java(exception)]` the type is an exception: a service returns it as `Err(DemoException { .. }.into())`, and a caller finds it
/// by `throwable.downcast::<DemoException>()`. Its message is the field marked `#[java(message)]`, else the one whose serde name is
/// `detailMessage`, else the one named `message`.
///
/// `#[java(crate = "..")]` is the path of the wubbo crate, `::wubbo` by default.
#[proc_macro_derive(JavaType, attributes(java))]
pub fn java_type(item: TokenStream) -> TokenStream {
    java_type::expand(item.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}
