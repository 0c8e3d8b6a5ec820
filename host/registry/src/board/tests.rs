use super::*;
use crate::matching::category;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn view(texts: &[&str]) -> Arc<View> {
    let mut view = View::new();
    for text in texts {
        let url = url(text);
        let item = Item {
            category: category(&url).to_owned(),
            url: Some(url.clone()),
        };
        view.entry(url.service().to_owned()).or_default().push(item);
    }
    Arc::new(view)
}

fn ports(snapshot: &Snapshot) -> Vec<u16> {
    snapshot.urls.iter().filter_map(Url::port).collect()
}

#[tokio::test]
async fn subscribers_hear_only_what_changes_for_them() {
    let board = Board::default();
    let mut one = board.subscribe(&url("consumer://c/a.B")).unwrap();
    let mut two = board.subscribe(&url("consumer://c/a.C")).unwrap();
    board.publish(view(&["dubbo://h:1/a.B"]));
    assert_eq!(ports(&one.next().await.unwrap()), [1]);
    assert!(
        two.next().await.unwrap().urls.is_empty(),
        "an empty list says no provider"
    );
    board.publish(view(&["dubbo://h:1/a.B", "dubbo://h:2/a.C"]));
    assert_eq!(ports(&two.next().await.unwrap()), [2]);
    board.publish(view(&["dubbo://h:3/a.B", "dubbo://h:2/a.C"]));
    // Had the second publication been news for the first subscriber, a list with port 1 could come here.
    assert_eq!(ports(&one.next().await.unwrap()), [3]);
    board.close();
    assert!(one.next().await.is_none() && two.next().await.is_none());
}

#[tokio::test]
async fn the_latest_list_wins() {
    let board = Board::default();
    let mut subscription = board.subscribe(&url("consumer://c/a.B")).unwrap();
    for port in 1..100 {
        board.publish(view(&[&format!("dubbo://h:{port}/a.B")]));
    }
    assert_eq!(ports(&subscription.next().await.unwrap()), [99]);
}

#[tokio::test]
async fn a_late_subscriber_gets_the_view_that_is_up() {
    let board = Board::default();
    board.publish(view(&[
        "dubbo://h:2/a.B",
        "dubbo://h:1/a.B",
        "dubbo://h:2/a.B",
    ]));
    let mut subscription = board.subscribe(&url("consumer://c/a.B")).unwrap();
    let list = subscription.next().await.unwrap();
    assert_eq!(ports(&list), [1, 2], "sorted, and each once");
}

#[tokio::test]
async fn a_star_sees_every_interface_and_is_seen_by_every_one() {
    let board = Board::default();
    board.publish(view(&[
        "dubbo://h:1/a.B",
        "dubbo://h:2/a.C",
        "override://h:3/*?category=configurators",
    ]));
    for (consumer, expected) in [
        ("consumer://c/*", vec![1, 2]),
        ("consumer://c/a.B?category=*", vec![1, 3]),
        ("consumer://c/a.X?category=configurators", vec![3]),
    ] {
        let mut subscription = board.subscribe(&url(consumer)).unwrap();
        assert_eq!(
            ports(&subscription.next().await.unwrap()),
            expected,
            "{consumer}"
        );
    }
}

#[tokio::test]
async fn unreadable_entries_are_counted_in_the_wanted_categories() {
    let item = |category: &str| Item {
        category: category.into(),
        url: None,
    };
    let board = Board::default();
    let items = vec![item("providers"), item("routers"), item("routers")];
    board.publish(Arc::new(View::from([("a.B".to_owned(), items)])));
    for (consumer, expected) in [
        ("consumer://c/a.B", 1),
        ("consumer://c/a.B?category=*", 3),
        ("consumer://c/a.C", 0),
    ] {
        let mut subscription = board.subscribe(&url(consumer)).unwrap();
        assert_eq!(
            subscription.next().await.unwrap().unreadable,
            expected,
            "{consumer}"
        );
    }
}

#[tokio::test]
async fn dropped_subscriptions_leave() {
    let board = Board::default();
    for _ in 0..1000 {
        drop(board.subscribe(&url("consumer://c/a.B")).unwrap());
    }
    assert!(board.lock().subscribers.len() <= 1);
    board.publish(view(&[]));
    assert!(board.lock().subscribers.is_empty());
}

#[test]
fn a_subscription_without_an_interface_is_refused() {
    let error = Board::default()
        .subscribe(&url("consumer://c"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().ends_with("names no interface"), "{error}");
}
