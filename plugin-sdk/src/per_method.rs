//! What a policy keeps per method of a service.

/// One value per method, bounded: callers choose the names of methods.
///
/// Balancers keep weights or counters in it, as [`crate::Routing::has_method_weights`] asks them to. The method that was
/// asked for last is found at once.
#[derive(Debug, Clone)]
pub struct PerMethod<T> {
    newest: Option<(String, T)>,
    /// The other ones, those asked for longest ago first.
    others: Vec<(String, T)>,
    max: usize,
}

impl<T: Default> PerMethod<T> {
    /// Room for so many methods, at least one.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self {
            newest: None,
            others: Vec::new(),
            max,
        }
    }

    /// The value of a method, at first its default. Without room for another the one asked for longest ago goes.
    pub fn of(&mut self, method: &str) -> &mut T {
        let newest = self.newest.take_if(|(name, _)| name != method);
        if newest.is_some() || self.newest.is_none() {
            self.newest = self.found(method);
        }
        if let Some(older) = newest {
            self.keep(older);
        }
        let start = || (method.to_owned(), T::default());
        &mut self.newest.get_or_insert_with(start).1
    }

    fn found(&mut self, method: &str) -> Option<(String, T)> {
        let place = self.others.iter().rposition(|(name, _)| name == method);
        place.map(|place| self.others.remove(place))
    }

    fn keep(&mut self, older: (String, T)) {
        self.others.push(older);
        if self.others.len() >= self.max.max(1) {
            self.others.remove(0);
        }
    }

    /// All methods with their values, those asked for longest ago first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let all = self.others.iter().chain(&self.newest);
        all.map(|(name, value)| (name.as_str(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_asked_for_longest_ago_goes_first() {
        let mut kept: PerMethod<u32> = PerMethod::new(3);
        for (method, value) in [("a", 1), ("b", 2), ("c", 3)] {
            *kept.of(method) = value;
        }
        assert_eq!(*kept.of("a"), 1);
        assert_eq!(*kept.of("d"), 0, "b goes");
        assert_eq!([*kept.of("a"), *kept.of("c"), *kept.of("b")], [1, 3, 0]);
        let order: Vec<_> = kept.iter().collect();
        assert_eq!(order, [("a", &1), ("c", &3), ("b", &0)]);
    }

    #[test]
    fn one_place_is_the_least() {
        for max in [0, 1] {
            let mut kept: PerMethod<u32> = PerMethod::new(max);
            assert_eq!(kept.iter().count(), 0);
            *kept.of("a") = 1;
            assert_eq!(*kept.of("a"), 1);
            assert_eq!([*kept.of("b"), *kept.of("a")], [0, 0]);
            assert_eq!(kept.iter().count(), 1);
        }
    }
}
