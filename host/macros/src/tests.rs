//! What the macros refuse, with the place, and the parts of what they emit that a compiled test cannot see.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{case, interface, java_type, service};

/// The messages of an expansion that must fail.
fn errors(expansion: syn::Result<TokenStream>) -> Vec<String> {
    match expansion {
        Ok(tokens) => panic!("expanded to {tokens}"),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    }
}

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("tokens")
}

/// Arguments, item, message.
const REFUSED_SERVICES: [(&str, &str, &str); 17] = [
    (
        "",
        "impl A { async fn m(&self) -> R {} }",
        r#"name the Java interface: interface = "org.wubbo.demo.EchoService""#,
    ),
    (
        r#"interface = "a..B""#,
        "impl A {}",
        "`a..B` is no Java class name, such as org.wubbo.demo.User",
    ),
    (
        r#"interface = "a.B", interface = "a.C""#,
        "impl A {}",
        "`interface` is given twice",
    ),
    (
        r#"interface = "a.B", color = "red""#,
        "impl A {}",
        "unknown key `color`; known: interface, group, version, crate",
    ),
    (
        r#"interface = "a.B", client = "X""#,
        "impl A {}",
        "unknown key `client`; known: interface, group, version, crate",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { fn new() -> A {} }",
        "a service has at least one `async fn` that takes `&self`",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { fn m(&self) -> R {} }",
        "a method of the interface is an `async fn`; mark a helper with #[wubbo(skip)] or move it out",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m(&mut self) -> R {} }",
        "calls come concurrently: take `&self`, or mark a helper with #[wubbo(skip)]",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m(self) -> R {} }",
        "calls come concurrently: take `&self`, or mark a helper with #[wubbo(skip)]",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m(&self) {} }",
        "a call can fail: return wubbo::Result<()>",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m<T>(&self, t: T) -> R {} }",
        "Java sees one signature: a method of the interface cannot be generic",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m(&self, t: impl Into<String>) -> R {} }",
        "Java sees one signature: name the type of this parameter",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m(&self, t: &mut String) -> R {} }",
        "an argument is a copy: take it by value or by `&`",
    ),
    (
        r#"interface = "a.B""#,
        "impl A { async fn m(&self, (a, b): (i32, i32)) -> R {} }",
        "give this parameter a plain name",
    ),
    (
        r#"interface = "a.B""#,
        r#"impl A { #[wubbo(alias = "x")] async fn m(&self) -> R {} }"#,
        "unknown key `alias` on a method; known: name, skip",
    ),
    (
        r#"interface = "a.B""#,
        r#"impl A { async fn m(&self, #[wubbo(java = "a b")] t: String) -> R {} }"#,
        "`a b` is no Java type, such as int or java.lang.Object[]",
    ),
    (
        r#"interface = "a.B""#,
        r#"impl A { async fn m(&self, a: i32) -> R {} #[wubbo(name = "m")] async fn n(&self, b: i32) -> R {} }"#,
        r#"a second method `m` with these parameters; see #[wubbo(name = "..")]"#,
    ),
];

#[test]
fn a_service_that_cannot_be_one_is_refused_with_the_remedy() {
    for (arguments, item, expected) in REFUSED_SERVICES {
        let found = errors(service::expand(tokens(arguments), tokens(item)));
        assert_eq!(found, [expected], "{item}");
    }
}

/// Item, message.
const REFUSED_INTERFACES: [(&str, &str); 6] = [
    ("trait A {}", "an interface has at least one method"),
    (
        "trait A<T> { async fn m(&self) -> R; }",
        "Java sees one interface: the trait cannot be generic",
    ),
    ("trait A { const X: i32; }", "an interface has methods only"),
    (
        "trait A { async fn m(&self) -> R { x } }",
        "the provider has the body of this method",
    ),
    (
        "trait A { async fn m() -> R; }",
        "every method of an interface takes `&self`",
    ),
    (
        "trait A { async fn m(&self, context: &Context) -> R; }",
        "the context is the provider's; a caller sets options with `client.with(..)`",
    ),
];

#[test]
fn an_interface_that_cannot_be_one_is_refused_with_the_remedy() {
    for (item, expected) in REFUSED_INTERFACES {
        let found = errors(interface::expand(quote!(interface = "a.B"), tokens(item)));
        assert_eq!(found, [expected], "{item}");
    }
}

/// Item, message.
const REFUSED_TYPES: [(&str, &str); 9] = [
    (
        "struct A { x: i32 }",
        r#"name the Java class: #[serde(rename = "org.wubbo.demo.User")]"#,
    ),
    (
        r#"#[serde(rename = "a b")] struct A {}"#,
        "`a b` is no Java class name, such as org.wubbo.demo.User",
    ),
    (
        r#"#[serde(rename = "a.B")] struct A(i32);"#,
        "a Java class has named fields",
    ),
    (
        r#"#[serde(rename = "a.B")] enum A { B(i32) }"#,
        "a Java enum has constants only, none with fields",
    ),
    (
        r#"#[serde(rename = "a.B")] union A { b: i32 }"#,
        "a union has no Java form",
    ),
    (
        r#"#[serde(rename = "a.B")] #[java(exception)] enum A { B }"#,
        "a Java exception is a struct",
    ),
    (
        r#"#[serde(rename = "a.B")] #[java(color)] struct A {}"#,
        "unknown key `color` on a type; known: exception, crate",
    ),
    (
        r#"#[serde(rename = "a.B")] struct A { #[java(color)] b: i32 }"#,
        "unknown key `color` on a field; known: message",
    ),
    (
        r#"#[serde(rename = "a.B", rename_all = "Odd")] struct A { b: i32 }"#,
        "unknown case `Odd`",
    ),
];

#[test]
fn a_type_without_a_java_form_is_refused_with_the_remedy() {
    for (item, expected) in REFUSED_TYPES {
        assert_eq!(
            errors(java_type::expand(tokens(item))),
            [expected],
            "{item}"
        );
    }
}

#[test]
fn every_mistake_of_an_impl_is_reported_at_once() {
    let item = quote!(impl A { async fn a(&mut self) -> R {} async fn b(&self) {} async fn c(&self) -> R {} });
    assert_eq!(
        errors(service::expand(quote!(interface = "a.B"), item)).len(),
        2
    );
}

#[test]
fn own_attributes_are_gone_from_the_item_and_others_stay() {
    let item = quote!(impl A {
        #[wubbo(name = "x")]
        #[inline]
        async fn m(&self, #[wubbo(java = "int")] n: Short) -> R {}
    });
    let expanded = service::expand(quote!(interface = "a.B"), item)
        .expect("a service")
        .to_string();
    assert!(!expanded.contains("# [wubbo"), "{expanded}");
    assert!(expanded.contains("# [inline]"), "{expanded}");
}

#[test]
fn the_crates_path_and_the_clients_name_can_be_chosen() {
    let item = quote!(
        trait A {
            async fn m(&self) -> R;
        }
    );
    let arguments = quote!(interface = "a.B", crate = "my::rpc", client = "Caller");
    let expanded = interface::expand(arguments, item)
        .expect("an interface")
        .to_string();
    assert!(expanded.contains("struct Caller"), "{expanded}");
    assert!(
        expanded.contains("my :: rpc :: contract :: Stub"),
        "{expanded}"
    );
    assert!(!expanded.contains(":: wubbo ::"), "{expanded}");
}

#[test]
fn names_take_javas_case() {
    let cases = [
        ("get_user", "getUser"),
        ("echo", "echo"),
        ("type_", "type"),
        ("r#type", "type"),
        ("_private", "private"),
        ("get_2nd", "get2nd"),
        ("getUser", "getUser"),
        ("a__b", "aB"),
    ];
    for (rust, java) in cases {
        assert_eq!(case::java_method(rust), java, "{rust}");
    }
    let rules = [
        ("lowercase", "error_code"),
        ("UPPERCASE", "ERROR_CODE"),
        ("PascalCase", "ErrorCode"),
        ("camelCase", "errorCode"),
        ("snake_case", "error_code"),
        ("SCREAMING_SNAKE_CASE", "ERROR_CODE"),
        ("kebab-case", "error-code"),
        ("SCREAMING-KEBAB-CASE", "ERROR-CODE"),
    ];
    for (rule, expected) in rules {
        assert_eq!(
            case::rename_all(rule, "error_code").as_deref(),
            Some(expected),
            "{rule}"
        );
    }
}
