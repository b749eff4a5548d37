//! A story as a picture of shapes, for SVG and PNG. The same parts as the text, with more room.

mod exchange;
mod map;
mod sheet;
mod tracks;

use sheet::{MARGIN, Sheet, WIDTH};

use crate::Ink;
use crate::shape::{Picture, Weight};
use crate::story::{Sign, Story};

/// Between two parts.
const GAP: f32 = 34.0;
/// Letters of ordinary size.
const BODY: f32 = 15.0;
/// Letters of captions.
const SMALL: f32 = 13.0;
/// Letters of headings.
const HEADING: f32 = 18.0;

/// The whole story as shapes.
pub fn picture(story: &Story) -> Picture {
    let mut sheet = Sheet::new();
    write_title(&mut sheet, story);
    write_answers(&mut sheet, story);
    tracks::draw(&mut sheet, &story.tracks);
    map::draw_all(&mut sheet, &story.maps);
    for exchange in &story.exchanges {
        exchange::draw(&mut sheet, exchange);
    }
    write_not_checked(&mut sheet, story);
    let said =
        story.answers.iter().map(|answer| format!("{}. {}", answer.headline, answer.sentence));
    let description = said.collect::<Vec<_>>().join(" ");
    sheet.finish(story.title.clone(), description)
}

fn write_title(sheet: &mut Sheet, story: &Story) {
    sheet.advance(26.0);
    let title = sheet::fit(&story.title, 24.0, Weight::Bold, WIDTH - 2.0 * MARGIN);
    sheet.words(MARGIN, 24.0, Weight::Bold, Ink::Text, &title);
    sheet.advance(8.0);
    for setting in &story.settings {
        sheet.advance(22.0);
        sheet.words(MARGIN, BODY, Weight::Regular, Ink::Faint, &setting.side);
        let start = MARGIN + 70.0;
        let value = sheet::fit(&setting.value, BODY, Weight::Bold, WIDTH - MARGIN - start);
        sheet.words(start, BODY, Weight::Bold, Ink::Text, &value);
        let beside = start + sheet::measure(&value, BODY, Weight::Bold) + 16.0;
        let room = WIDTH - MARGIN - beside;
        let origin = sheet::fit(&setting.origin, SMALL, Weight::Regular, room);
        sheet.words(beside, SMALL, Weight::Regular, Ink::Faint, &origin);
    }
}

/// Headlines in large letters: they are to be read before anything else.
fn write_answers(sheet: &mut Sheet, story: &Story) {
    if story.answers.is_empty() {
        return;
    }
    sheet.advance(16.0);
    for answer in &story.answers {
        let (mark, ink) = match answer.sign {
            Sign::Is => ("✓", Ink::Alive),
            Sign::IsNot => ("✗", Ink::Dead),
        };
        sheet.advance(30.0);
        sheet.words(MARGIN, 22.0, Weight::Bold, ink, mark);
        let room = WIDTH - 2.0 * MARGIN - 28.0;
        let headline = sheet::fit(&answer.headline, 20.0, Weight::Bold, room);
        sheet.words(MARGIN + 28.0, 20.0, Weight::Bold, ink, &headline);
        sheet.advance(6.0);
        sheet.paragraph(MARGIN + 28.0, room, BODY, Ink::Text, &answer.sentence);
        sheet.advance(4.0);
    }
}

fn write_not_checked(sheet: &mut Sheet, story: &Story) {
    if story.not_checked.is_empty() {
        return;
    }
    sheet.heading("Not checked, and not drawn");
    for what in &story.not_checked {
        sheet.paragraph(MARGIN, WIDTH - 2.0 * MARGIN, SMALL, Ink::Faint, what);
    }
}
