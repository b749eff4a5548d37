//! Measures what a person sees: runs any client on a terminal of its own, types, and watches the
//! screen through the terminal model. Knows no client's workings and never looks behind the screen,
//! so that what it says of one holds for all.

mod course;
mod detour;
mod echo;
mod probe;
mod sample;
mod stop;
mod watched;

pub use course::{Cell, Course, LINE_MAX, Program};
pub use detour::Detour;
pub use echo::{Typed, prepare, type_course};
pub use probe::{Recovery, leave, open, pause, recover};
pub use sample::Sample;
pub use stop::Stop;
pub use watched::{Missed, Watch, Watched};
