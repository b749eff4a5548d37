//! The journal: what it remembers, how it tells how things stand, and what it forgets.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use abide_store::{
    Content, Digest, Journal, JournalError, MAX_OPERATIONS, OperationId, Outcome, Progress,
    Standing, standing, unwatched,
};
use support::{Scratch, SmallDisk};

fn content(text: &str) -> Content {
    Content::Present(text.into())
}

fn open(scratch: &Scratch) -> Journal<String> {
    Journal::open(&scratch.join("journal")).unwrap()
}

fn begin(journal: &Journal<String>, after: &str) -> abide_store::Operation<String> {
    let file = "/etc/x".as_ref();
    journal.begin(file, &content("old"), &content(after), "why".into(), &mut unwatched).unwrap()
}

/// A process that another test starts at this moment holds every lock until it runs its program.
fn is_soon_over(journal: &Journal<String>) -> bool {
    const LOOKS: usize = 2_000;
    const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(1);
    (0..LOOKS).any(|_| {
        let is_over = journal.progress(OperationId(1)) == Progress::Over;
        std::thread::sleep(if is_over { std::time::Duration::ZERO } else { LOOK_EVERY });
        is_over
    })
}

#[test]
fn an_operation_is_remembered_with_both_contents() {
    let scratch = Scratch::new();
    let journal = open(&scratch);
    let operation = begin(&journal, "new");
    assert_eq!(operation.id(), OperationId(1));
    assert_eq!(journal.progress(OperationId(1)), Progress::Running);
    operation.settle(Outcome::Done, &mut unwatched).unwrap();
    assert!(is_soon_over(&journal), "nobody holds its lock");

    let record = open(&scratch).get(OperationId(1)).unwrap();
    assert_eq!((record.outcome.clone(), &record.about[..]), (Outcome::Done, "why"));
    assert_eq!(record.before, Some(Digest::of(b"old")));
    assert_eq!(journal.contents(&record).unwrap(), (content("old"), content("new")));
    assert!(matches!(journal.get(OperationId(2)), Err(JournalError::Missing(OperationId(2)))));
}

#[test]
fn hashes_tell_what_nobody_wrote_down() {
    let scratch = Scratch::new();
    let journal = open(&scratch);
    let intended = begin(&journal, "new").record().clone();
    let done = abide_store::Record { outcome: Outcome::Done, ..intended.clone() };
    let undone =
        abide_store::Record { outcome: Outcome::Undone { by: OperationId(2) }, ..intended.clone() };
    let (old, new) = (Some(Some(Digest::of(b"old"))), Some(Some(Digest::of(b"new"))));
    let (other, gone) = (Some(Some(Digest::of(b"other"))), Some(None));
    let over = Progress::Over;
    for (record, progress, present, expected) in [
        (&intended, Progress::Running, old, Standing::Running),
        (&intended, over, old, Standing::NotDone),
        (&intended, over, new, Standing::DoneUnrecorded),
        (&intended, over, other, Standing::ChangedSinceUnrecorded),
        (&intended, over, gone, Standing::ChangedSinceUnrecorded),
        (&intended, over, None, Standing::NotChecked),
        (&done, over, new, Standing::Done),
        (&done, over, old, Standing::ChangedSince),
        (&done, over, gone, Standing::ChangedSince),
        (&undone, over, new, Standing::Over),
    ] {
        assert_eq!(standing(record, progress, present), expected, "{record:?} {present:?}");
    }
}

#[test]
fn the_oldest_are_forgotten() {
    let scratch = Scratch::new();
    let journal = open(&scratch);
    let first = begin(&journal, "held");
    for _ in 0..MAX_OPERATIONS + 3 {
        begin(&journal, "new").settle(Outcome::Done, &mut unwatched).unwrap();
    }
    let ids: Vec<u64> = journal.list().unwrap().into_iter().map(|it| it.unwrap().id.0).collect();
    assert!(ids.len() <= MAX_OPERATIONS + 1, "{}", ids.len());
    assert_eq!(ids.last(), Some(&(MAX_OPERATIONS as u64 + 4)));
    assert!(ids.contains(&first.id().0), "one that is being done stays");
}

#[test]
fn damage_is_told_and_hides_nothing_else() {
    let scratch = Scratch::new();
    let journal = open(&scratch);
    for _ in 0..3 {
        begin(&journal, "new").settle(Outcome::Done, &mut unwatched).unwrap();
    }
    let folder = scratch.join("journal/operations");
    std::fs::write(folder.join("000002/record.json"), "{").unwrap();
    std::fs::write(folder.join("000003/before"), "not it").unwrap();
    let list = journal.list().unwrap();
    assert!(matches!(list[1], Err(JournalError::Damaged { .. })));
    assert!(list[0].is_ok() && list[2].is_ok());
    let third = journal.get(OperationId(3)).unwrap();
    assert!(matches!(journal.contents(&third), Err(JournalError::Damaged { .. })));
}

#[test]
fn a_full_disk_leaves_no_half_record() {
    let Some(disk) = SmallDisk::new(64) else { return };
    let journal: Journal<String> = Journal::open(&disk.path().join("journal")).unwrap();
    std::fs::write(disk.path().join("filler"), vec![b'x'; 44 * 1024]).unwrap();
    let big = Content::Present(vec![b'#'; 32 * 1024]);
    let file = "/etc/x".as_ref();
    let error = journal.begin(file, &big, &big, "why".into(), &mut unwatched).unwrap_err();
    assert!(matches!(error, JournalError::Io { .. }), "{error}");
    assert!(journal.list().unwrap().is_empty());
}
