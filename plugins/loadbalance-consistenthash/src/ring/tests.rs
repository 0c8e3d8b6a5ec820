//! The ring alone: rows CH-02 and CH-08, and that a ring made from an older one is the same ring.

use super::*;

fn addresses(hosts: impl IntoIterator<Item = u32>) -> Vec<String> {
    let address = |host: u32| format!("10.0.{}.{}:20880", host / 250, host % 250);
    hosts.into_iter().map(address).collect()
}

/// Point and row of each entry, in order.
fn entries(ring: &Ring) -> Vec<(u32, u16)> {
    ring.points
        .iter()
        .copied()
        .zip(ring.rows.iter().copied())
        .collect()
}

/// The first place from which points are `point` or more, wrapping; by a plain walk.
fn walked(ring: &Ring, point: u32) -> Option<u16> {
    let found = ring.points.iter().position(|found| *found >= point);
    ring.rows.get(found.unwrap_or(0)).copied()
}

/// What `pick` does on a full set.
fn found(ring: &Ring, point: u32) -> Option<u16> {
    let place = ring.start(point)?;
    ring.rows.get(place).or(ring.rows.first()).copied()
}

#[test]
fn ch_02_the_first_point_at_or_after_the_key() {
    let ring = Ring::index(4, &[entry(99_874, 0), entry(9_999_945, 1)]);
    for (point, row) in [
        (9_999_944, 1),
        (9_999_945, 1),
        (9_999_946, 0),
        (u32::MAX, 0),
        (0, 0),
        (99_874, 0),
        (99_875, 1),
    ] {
        assert_eq!(found(&ring, point), Some(row), "{point}");
    }
}

#[test]
fn ch_08_points_and_shares_of_three_providers() {
    let addresses = [8080, 8081, 8082].map(|port| format!("192.168.1.0:{port}"));
    let ring = Ring::new(160, &addresses, None);
    let mut points = ring.points.clone();
    points.dedup();
    assert_eq!(points.len(), 480);
    let mut counts = [0_u32; 3];
    for key in 0..100_000 {
        let [point, ..] = md5(format!("k{key}").as_bytes());
        counts[usize::from(found(&ring, point).unwrap())] += 1;
    }
    let shares = counts.map(|count| (f64::from(count) / 100.0).round() / 10.0);
    assert_eq!(shares, [33.6, 34.2, 32.3]);
}

#[test]
fn every_point_is_found_where_a_plain_walk_finds_it() {
    for providers in [1, 2, 7, 100] {
        let ring = Ring::new(160, &addresses(0..providers), None);
        assert_eq!(ring.points.len(), 160 * providers as usize);
        assert!(ring.points.is_sorted());
        let near = ring
            .points
            .iter()
            .flat_map(|point| [point.wrapping_sub(1), *point, point.wrapping_add(1)]);
        for point in near.chain([0, 1, u32::MAX - 1, u32::MAX]) {
            assert_eq!(
                found(&ring, point),
                walked(&ring, point),
                "{providers}: {point}"
            );
        }
    }
    assert_eq!(found(&Ring::new(160, &[], None), 7), None);
}

#[test]
fn a_ring_made_from_an_older_one_is_the_ring_made_anew() {
    let old = addresses(0..400);
    let ring = Ring::new(40, &old, None);
    let lists = [
        addresses(0..400),
        addresses((0..400).rev()),
        addresses(1..401),
        addresses([399, 5, 1000, 5, 0]),
        addresses(500..600),
        Vec::new(),
    ];
    for list in &lists {
        let made = Ring::new(40, list, Some((&ring, &old)));
        assert_eq!(entries(&made), entries(&Ring::new(40, list, None)));
    }
}

#[test]
fn the_longest_list_has_its_points() {
    let list = addresses(0..65_536);
    let ring = Ring::new(POINTS, &list, None);
    assert_eq!(ring.points.len(), 4 * 65_536);
    assert_eq!(ring.rows.iter().max(), Some(&u16::MAX));
    let again = Ring::new(POINTS, &list, Some((&ring, &list)));
    assert_eq!(entries(&again), entries(&ring));
}
