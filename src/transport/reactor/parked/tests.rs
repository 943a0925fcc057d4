//! What is left to a thread, and how it learns of it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

fn taken(recall: &Recall) -> Vec<u32> {
    let mut places = Vec::new();
    recall.take(|place| places.push(place));
    places
}

#[test]
fn each_place_is_given_once_and_the_bell_rings_for_the_first() {
    let bell = Arc::new(Bell::new().unwrap());
    let recall = Recall::new(&bell);
    for _ in 0..2 {
        recall.reserve(130).unwrap();
        assert_eq!(taken(&recall), [0; 0]);
        recall.wake(64);
        assert!(bell.has_rung());
        bell.silence();
        for place in [0, 129, 63, 64, 1] {
            recall.wake(place);
        }
        assert!(!bell.has_rung(), "it rang before");
        assert_eq!(taken(&recall), [0, 1, 63, 64, 129]);
    }
}

#[test]
fn room_for_more_places_keeps_what_is_there() {
    let recall = Recall::new(&Arc::new(Bell::new().unwrap()));
    recall.reserve(1).unwrap();
    recall.wake(0);
    recall.reserve(65).unwrap();
    recall.reserve(2).unwrap();
    recall.wake(64);
    assert_eq!(taken(&recall), [0, 64]);
}

#[test]
fn once_serving_has_ended_nobody_is_woken() {
    let bell = Arc::new(Bell::new().unwrap());
    let recall = Recall::new(&bell);
    recall.reserve(1).unwrap();
    assert!(!recall.has_ended());
    recall.end();
    recall.wake(0);
    assert!(recall.has_ended() && !bell.has_rung());
    assert_eq!(taken(&recall), [0; 0]);
    assert_eq!(Arc::strong_count(&bell), 1, "it closes with its thread");
}
