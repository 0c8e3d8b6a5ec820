//! A contract: an interface and its methods, as Java would declare them.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use wubbo_core::ServiceKey;

use super::{JavaType, JavaTypes, ServiceResult, java_name};

/// An interface with its methods. Made once per service type, shared, never changed.
#[derive(Clone, Debug)]
pub struct Contract {
    key: ServiceKey,
    methods: Vec<MethodContract>,
    /// Indices into `methods` by Java name; more than one for overloads.
    by_name: HashMap<Arc<str>, Vec<usize>>,
    types: JavaTypes,
}

impl Contract {
    /// A contract without methods; empty group and version are none.
    #[must_use]
    pub fn new(interface: &str, group: &str, version: &str) -> Self {
        Self {
            key: ServiceKey::new(interface, group, version),
            methods: Vec::new(),
            by_name: HashMap::new(),
            types: JavaTypes::default(),
        }
    }

    /// Adds a method; its index is the number of methods before it.
    #[must_use]
    pub fn method(mut self, method: MethodContract) -> Self {
        self.by_name
            .entry(method.name.clone())
            .or_default()
            .push(self.methods.len());
        for declare in &method.declarations {
            declare(&mut self.types);
        }
        self.methods.push(method);
        self
    }

    /// The Java interface.
    #[must_use]
    pub fn interface(&self) -> &str {
        self.key.interface()
    }

    /// Interface, group and version, unless a server or client says otherwise.
    #[must_use]
    pub fn service_key(&self) -> &ServiceKey {
        &self.key
    }

    /// The methods in the order in which they were added.
    #[must_use]
    pub fn methods(&self) -> &[MethodContract] {
        &self.methods
    }

    /// The methods as entries in a registry name them (`methods`), in Dubbo Java's form: by name, overloads once, `*` for none.
    pub(crate) fn method_names(&self) -> String {
        let names: BTreeSet<&str> = self.methods.iter().map(|method| &*method.name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        match names.is_empty() {
            true => "*".to_owned(),
            false => names.join(","),
        }
    }

    /// The classes that parameters and results consist of.
    #[must_use]
    pub fn types(&self) -> &JavaTypes {
        &self.types
    }

    /// The index of the method that a call means: by name and descriptor, else by name and number of arguments when that is
    /// unique (dubbo-go derives descriptors from argument values; live-peer fact LG-1).
    #[must_use]
    pub fn find(&self, name: &str, descriptor: &str, arguments: usize) -> Option<usize> {
        let overloads = self.overloads(name);
        let of = |index: &usize| self.methods.get(*index);
        let exact = overloads
            .iter()
            .find(|index| of(index).is_some_and(|method| &*method.descriptor == descriptor));
        if let Some(index) = exact {
            return Some(*index);
        }
        let mut fitting = overloads
            .iter()
            .filter(|index| of(index).is_some_and(|method| method.parameters.len() == arguments));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }

    /// The indices of the methods named `name`.
    pub(crate) fn overloads(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }
}

/// One method.
#[derive(Clone)]
pub struct MethodContract {
    name: Arc<str>,
    parameters: Vec<ParameterContract>,
    descriptor: Arc<str>,
    returns: Cow<'static, str>,
    declarations: Vec<fn(&mut JavaTypes)>,
}

impl MethodContract {
    /// A method without parameters that returns nothing.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            parameters: Vec::new(),
            descriptor: "".into(),
            returns: Cow::Borrowed("void"),
            declarations: Vec::new(),
        }
    }

    /// Adds a parameter of the Java type of `T`; `name` is for error messages.
    #[must_use]
    pub fn parameter<T: JavaType + ?Sized>(mut self, name: &'static str) -> Self {
        self.declarations.push(T::declare);
        self.push(name, T::java_name())
    }

    /// Adds a parameter of a Java type given by name, such as `java.lang.Object`.
    #[must_use]
    pub fn parameter_as(self, name: &'static str, java_type: &'static str) -> Self {
        self.push(name, Cow::Borrowed(java_type))
    }

    /// Sets the result's type from the function's return type.
    #[must_use]
    pub fn returns<R: ServiceResult>(mut self) -> Self
    where
        R::Value: JavaType,
    {
        self.declarations.push(R::Value::declare);
        self.returns = R::Value::java_name();
        self
    }

    fn push(mut self, name: &'static str, java_type: Cow<'static, str>) -> Self {
        // A name that is no type cannot come from a macro; by hand it becomes a class that nobody sends.
        let descriptor =
            java_name::descriptor(&java_type).unwrap_or_else(|| format!("L{java_type};"));
        self.descriptor = [&self.descriptor, descriptor.as_str()].concat().into();
        self.parameters.push(ParameterContract { name, java_type });
        self
    }

    /// The Java name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The parameters in order.
    #[must_use]
    pub fn parameters(&self) -> &[ParameterContract] {
        &self.parameters
    }

    /// The parameter types in JVM form, `Ljava/lang/String;I`.
    #[must_use]
    pub fn descriptor(&self) -> &Arc<str> {
        &self.descriptor
    }

    /// The Java type of the result; `void` for none.
    #[must_use]
    pub fn return_type(&self) -> &str {
        &self.returns
    }
}

/// Prints as `echo(java.lang.String)`.
impl fmt::Display for MethodContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}({})",
            self.name,
            java_name::readable(&self.descriptor)
        )
    }
}

impl fmt::Debug for MethodContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.returns)
    }
}

/// One parameter of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterContract {
    /// Name in Rust; Dubbo does not send it.
    pub name: &'static str,
    /// The Java type as source has it.
    pub java_type: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_each_method_once_by_name() {
        let contract = |names: &[&str]| {
            let empty = Contract::new("a.B", "", "");
            let add = |contract: Contract, name: &&str| contract.method(MethodContract::new(name));
            names.iter().fold(empty, add).method_names()
        };
        assert_eq!(contract(&["set", "get", "Get", "set"]), "Get,get,set");
        assert_eq!(contract(&[]), "*");
    }
}
