//! The parts of `abide demo` that people see: the scenes, the tools' command lines, the live view,
//! the table. The stage itself is `abide_demo`.

pub(crate) mod contestants;
pub(crate) mod install;
pub(crate) mod live;
pub(crate) mod report;
pub(crate) mod scenes;
pub(crate) mod sink;
pub(crate) mod table;
