//! What a Java program knows of classes and the bytes do not say.

use serde_json::{Value as Json, json};
use wubbo_hessian2::Object;

/// The enums that the peers have.
pub(super) const ENUMS: [&str; 2] = ["org.wubbo.demo.Sex", "java.util.concurrent.TimeUnit"];

/// Sets whose order is part of their value.
pub(super) const ORDERED_SETS: [&str; 2] = ["java.util.LinkedHashSet", "java.util.TreeSet"];

/// Lists and queues that hessian-lite can construct; any other class becomes an `ArrayList`.
const LISTS: [&str; 5] = [
    "java.util.LinkedList",
    "java.util.Vector",
    "java.util.Stack",
    "java.util.ArrayDeque",
    "java.util.concurrent.CopyOnWriteArrayList",
];

/// Sets that hessian-lite can construct.
const SETS: [&str; 3] = [
    "java.util.HashSet",
    "java.util.LinkedHashSet",
    "java.util.TreeSet",
];

/// Maps that hessian-lite can construct; any other class becomes a `HashMap`.
const MAPS: [&str; 4] = [
    "java.util.LinkedHashMap",
    "java.util.TreeMap",
    "java.util.Properties",
    "java.util.concurrent.ConcurrentHashMap",
];

/// Classes of the peers with the types of their fields, inherited ones included, transient ones left out
/// (`interop/java/src/main/java/org/wubbo`). Fields of other classes are taken as they come.
const FIELDS: [(&str, &[(&str, &str)]); 8] = [
    (
        "org.wubbo.demo.User",
        &[
            ("id", "String"),
            ("name", "String"),
            ("age", "int"),
            ("time", "Date"),
            ("sex", "Sex"),
            ("tags", "List"),
            ("scores", "Map"),
        ],
    ),
    (
        "org.wubbo.interop.types.Primitives",
        &[
            ("flag", "boolean"),
            ("tiny", "byte"),
            ("small", "short"),
            ("letter", "char"),
            ("count", "int"),
            ("big", "long"),
            ("ratio", "double"),
        ],
    ),
    (
        "org.wubbo.interop.types.Boxes",
        &[
            ("flag", "java.lang.Boolean"),
            ("tiny", "java.lang.Byte"),
            ("small", "java.lang.Short"),
            ("letter", "java.lang.Character"),
            ("count", "java.lang.Integer"),
            ("big", "java.lang.Long"),
            ("half", "java.lang.Float"),
            ("ratio", "java.lang.Double"),
            ("nothing", "java.lang.Integer"),
            ("when", "Date"),
            ("price", "BigDecimal"),
            ("raw", "byte[]"),
            ("codes", "int[]"),
            ("names", "String[]"),
            ("any", "Object"),
        ],
    ),
    (
        "org.wubbo.interop.types.Base",
        &[("parent", "String"), ("level", "int")],
    ),
    (
        "org.wubbo.interop.types.Derived",
        &[
            ("parent", "String"),
            ("level", "int"),
            ("child", "String"),
            ("inner", "Base"),
        ],
    ),
    (
        "org.wubbo.interop.types.Animal",
        &[("sound", "String"), ("legs", "int")],
    ),
    (
        "org.wubbo.interop.types.Dog",
        &[
            ("sound", "String"),
            ("legs", "int"),
            ("name", "String"),
            ("friend", "Animal"),
        ],
    ),
    (
        "org.wubbo.interop.types.Node",
        &[("label", "String"), ("next", "Node"), ("peer", "Object")],
    ),
];

/// A declared type that changes how a value without parts is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Byte,
    Short,
    Int,
    Long,
    Float,
    Char,
    Other,
}

impl Field {
    /// By the name of the primitive or of its box.
    pub(super) fn of(declared: &str) -> Self {
        match declared {
            "byte" | "java.lang.Byte" => Self::Byte,
            "short" | "java.lang.Short" => Self::Short,
            "int" | "java.lang.Integer" => Self::Int,
            "long" | "java.lang.Long" => Self::Long,
            "float" | "java.lang.Float" => Self::Float,
            "char" | "java.lang.Character" => Self::Char,
            _ => Self::Other,
        }
    }
}

/// What is in a field of this type that got null or nothing.
pub(super) fn initial(declared: &str) -> Json {
    match declared {
        "boolean" => json!(false),
        "byte" | "short" | "int" | "long" => json!({declared: 0}),
        "float" => json!({"float": "00000000"}),
        "double" => json!({"double": "0000000000000000"}),
        "char" => json!({"char": "\0"}),
        _ => Json::Null,
    }
}

/// The fields that an object of this class has in Java, with their declared types; those of the wire for an unknown class.
pub(super) fn fields(object: &Object) -> Vec<(&str, &'static str)> {
    let known = FIELDS
        .iter()
        .find(|(class, _)| *class == object.class_name());
    match known {
        Some((_, fields)) => fields.to_vec(),
        None => object.iter().map(|(name, _)| (name, "")).collect(),
    }
}

/// `list` or `set`, and the class that hessian-lite constructs for a list of this wire type.
pub(super) fn collection(wire: Option<&str>) -> (&'static str, &'static str) {
    let kept = |known: &'static [&'static str]| known.iter().find(|name| Some(**name) == wire);
    if let Some(class) = kept(&SETS) {
        return ("set", class);
    }
    if wire == Some("java.util.Collections$SingletonSet") {
        return ("set", "java.util.HashSet");
    }
    (
        "list",
        kept(&LISTS).copied().unwrap_or("java.util.ArrayList"),
    )
}

/// The class that hessian-lite constructs for a map of this wire type.
pub(super) fn map(wire: Option<&str>) -> &'static str {
    let kept = MAPS.iter().find(|name| Some(**name) == wire);
    kept.copied().unwrap_or("java.util.HashMap")
}

/// Java's name of the array whose elements have this wire type: `[int` gives `int[][]`.
pub(super) fn array_name(element: &str) -> String {
    let component = element.trim_start_matches('[');
    let component = match component {
        "string" => "java.lang.String",
        "object" => "java.lang.Object",
        "date" => "java.util.Date",
        other => other,
    };
    let inner = element.len() - element.trim_start_matches('[').len();
    format!("{component}{}", "[]".repeat(inner + 1))
}
