//! `add`, `addLong`, `negate`, `scale`: Java's arithmetic, which wraps and knows NaN.

use crate::case::Cases;
use crate::check::same;

pub(super) fn add(cases: &mut Cases) {
    for (id, a, b, sum) in [
        ("normal", 1, 2, 3),
        ("negative", -7, 3, -4),
        ("overflow", i32::MAX, 1, i32::MIN),
        ("underflow", i32::MIN, -1, i32::MAX),
    ] {
        cases.add(format!("add/{id}"), move |service| async move {
            same(&service.add(a, b).await?, &sum)
        });
    }
    for (id, a, b, sum) in [
        ("small", 1, 2, 3),
        ("large", 1 << 40, 2, (1 << 40) + 2),
        ("overflow", i64::MAX, 1, i64::MIN),
        ("underflow", i64::MIN, -1, i64::MAX),
    ] {
        cases.add(format!("addLong/{id}"), move |service| async move {
            same(&service.add_long(a, b).await?, &sum)
        });
    }
    for value in [true, false] {
        cases.add(format!("negate/{value}"), move |service| async move {
            same(&service.negate(value).await?, &!value)
        });
    }
    for (id, a, b, product) in [
        ("normal", 1.5, 4.0, 6.0),
        ("inexact", 0.1, 3.0, 0.1 * 3.0),
        ("infinity", f64::MAX, 10.0, f64::INFINITY),
        ("nan", f64::NAN, 2.0, f64::NAN),
        ("zero-times-infinity", 0.0, f64::NEG_INFINITY, f64::NAN),
    ] {
        cases.add(format!("scale/{id}"), move |service| async move {
            let answer = service.scale(a, b).await?;
            // NaN is not equal to itself; which of its bit patterns came is of no interest.
            same(&answer.is_nan(), &product.is_nan())?;
            if product.is_nan() {
                Ok(())
            } else {
                same(&answer, &product)
            }
        });
    }
}
