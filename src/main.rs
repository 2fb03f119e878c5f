//! The one binary: reads what to do and hands it to one file per subcommand. Never does the work itself.

mod city;

fn main() {}
