//! Typing a course and timing each letter until the screen shows it in its place. A prediction
//! counts when it is shown; at the end the whole screen is compared with what it must be.

use std::time::Duration;

use abide_host::clock;
use abide_screen::Screen;

use crate::course::{Course, READY, Stroke};
use crate::watched::{Missed, Watched};

/// How long a shell may take to start the program.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What came of typing a course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    /// For each letter in order, how long it took to appear; none when it never did.
    pub keys: Vec<Option<Duration>>,
    /// Cells of the screen that are not as they should be at the end.
    pub wrong: usize,
}

/// Starts the echoing program from the shell that waits in `client`.
///
/// # Errors
/// It does not start within a minute.
pub fn prepare(client: &Watched, course: &Course) -> Result<(), Missed> {
    client.send(course.program.line())?;
    client.wait("the echoing program", START_LIMIT, |screen| {
        let first = screen.lines().first().is_some_and(|line| line == READY);
        (first && screen.cursor().row == 1).then_some(())
    })
}

/// Types a course to the program that [`prepare`] started. Keeps its pace whatever comes back, and
/// waits up to `patience` after the last key for the screen to be as it should.
///
/// # Errors
/// The client stops reading its terminal.
pub fn type_course(client: &Watched, course: &Course, patience: Duration) -> Result<Typed, Missed> {
    let mut next = clock::now();
    for stroke in course.strokes() {
        std::thread::sleep(next.since(clock::now()));
        next += course.pace;
        if client.is_stopped() {
            return Err(Missed::Stopped);
        }
        match stroke {
            Stroke::Letter(letter, cell) => client.send_awaited(letter, cell)?,
            Stroke::Enter => client.send("\r")?,
        }
    }
    let wanted = course.outcome();
    let right = |screen: &Screen| (wrong_cells(screen, &wanted) == 0).then_some(());
    let _counted_below = client.wait("the whole text", patience, right);
    let wrong = wrong_cells(&client.screen(), &wanted);
    let times = client.take_awaited();
    let keys = times.iter().map(|key| Some(key.shown?.since(key.typed))).collect();
    Ok(Typed { keys, wrong })
}

/// How many cells differ in what they show.
fn wrong_cells(screen: &Screen, wanted: &Screen) -> usize {
    let size = wanted.size();
    let letter = |screen: &Screen, row, col| screen.glyph(row, col).map(|glyph| glyph.ch);
    let rows = (0..size.rows).flat_map(|row| (0..size.cols).map(move |col| (row, col)));
    rows.filter(|(row, col)| letter(screen, *row, *col) != letter(wanted, *row, *col)).count()
}
