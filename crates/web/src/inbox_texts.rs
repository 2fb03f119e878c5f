//! Every word of the desk's inbox, in Korean and English, and what the house's own texts say. Never a
//! word of a call.

use crate::texts::words;

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Inbox {
    static INBOX: [Inbox; 2] = [Inbox::of(0), Inbox::of(1)];
    &INBOX[usize::from(tag != "ko")]
}

/// What a text of the house says, by its name.
pub(crate) fn house_text(inbox: &'static Inbox, name: &str) -> &'static str {
    use center::written;
    match name {
        written::TOO_LONG => inbox.house_too_long,
        written::UNCLEAR => inbox.house_unclear,
        written::STILL_THERE => inbox.house_still_there,
        written::EMERGENCY => inbox.house_emergency,
        written::CLOSED => inbox.house_closed,
        written::OPTED_OUT => inbox.house_opted_out,
        written::OPTED_IN => inbox.house_opted_in,
        _ => inbox.house_other,
    }
}

words!(
    /// What a counselor reads about letters.
    Inbox, 2, {
    mine: ["내 상담", "My contacts"];
    offers: ["새 글", "Offered"];
    take: ["받기", "Take"];
    conversation: ["대화", "Conversation"];
    reply: ["답장", "Answer"];
    reply_hint: [
        "/ 를 치면 준비된 답, Ctrl+Enter로 보내기",
        "/ for canned answers, Ctrl+Enter sends"];
    send: ["보내기", "Send"];
    sending: ["보내는 중…", "Sending…"];
    not_sent: [
        "아직 보내지 못했습니다. 다시 시도하고 있습니다.",
        "Not sent yet, trying again."];
    private: ["이 사람만 보기", "Only this citizen may read it"];
    counted: ["{n} / {max}자", "{n} of {max} letters"];
    parts: ["{n}건으로 나감", "leaves in {n} parts"];
    lost: ["받는 쪽에서 깨지는 글자: {letters}", "Would not arrive: {letters}"];
    r_too_long: [
        "글이 너무 깁니다. 줄인 뒤 보내세요. 아무것도 지워지지 않았습니다.",
        "The text is too long. Shorten it; nothing was cut off."];
    r_lost: [
        "받는 쪽에서 깨지는 글자가 있습니다. 바꾼 뒤 보내세요.",
        "Some letters would not arrive. Replace them, then send."];
    canned: ["준비된 답", "Canned answers"];
    canned_none: ["맞는 답이 없습니다", "No answer fits"];
    canned_sets: ["기록: {what}", "sets {what}"];
    snooze: ["나중에", "Lay aside"];
    snooze_lead: [
        "그때까지, 또는 시민이 다시 쓸 때까지 내려놓습니다. 그 뒤에는 대기열 맨 앞으로 갑니다.",
        "Rests until then, or until the citizen writes. Then it comes to the front of its queue."];
    snooze_10m: ["10분", "10 minutes"];
    snooze_1h: ["1시간", "1 hour"];
    snooze_tomorrow: ["내일 9시", "Tomorrow 9:00"];
    snooze_own: ["직접 정하기", "Own time"];
    snooze_go: ["내려놓기", "Lay aside"];
    hand_on: ["넘기기", "Hand on"];
    hand_on_lead: [
        "대화와 기록이 그대로 넘어갑니다.",
        "The conversation and its record go with it."];
    to_colleague: ["동료에게", "To a colleague"];
    to_queue: ["대기열로", "To a queue"];
    hand_on_go: ["넘기기", "Hand on"];
    end_chat: ["대화 끝내기", "End chat"];
    merge: ["이 대화로 합치기", "Merge into this"];
    merge_found: [
        "같은 시민의 다른 글이 열려 있습니다: {what}",
        "The same citizen has another open contact: {what}"];
    merged: ["{what} 합쳐짐", "{what} was merged into this"];
    unmerge: ["되돌리기", "Undo"];
    also_looks: ["{name}님도 이 대화를 보고 있습니다.", "{name} is looking at this, too."];
    citizen: ["시민", "Citizen"];
    house: ["자동", "Automatic"];
    citizen_writes: ["시민이 쓰고 있습니다…", "The citizen is typing…"];
    citizen_draft: ["쓰는 중 (저장되지 않음)", "being typed (not stored)"];
    changed: ["{time}에 고침", "changed {time}"];
    earlier_text: ["고치기 전", "before the change"];
    withdrawn: ["시민이 거두어들인 글입니다.", "The citizen took this message back."];
    unread: ["읽지 않음", "unread"];
    due_in: ["{left} 안에 답", "answer within {left}"];
    due_late: ["{late} 늦음", "late by {late}"];
    answered: ["답함", "answered"];
    urgent_bar: [
        "상담 {contact}: 긴급할 수 있습니다. 119(화재·구급) 또는 112(경찰)를 먼저 안내하세요.",
        "Contact {contact} may be an emergency. First name 119 (fire, ambulance) or 112 (police)."];
    urgent_open: ["열기", "Open"];
    address: ["주소", "Address"];
    file_withheld: ["표시하지 않음: {why}", "not shown: {why}"];
    file: ["파일", "File"];
    subject: ["제목", "Subject"];
    say_offer: [
        "{channel}이 왔습니다. {language}. F8로 받습니다.",
        "{channel} offered, {language}. F8 takes it."];
    say_message: ["새 글: {text}", "New message: {text}"];
    k_next: ["다음 / 이전 상담", "Next / previous contact"];
    k_reply: ["답장 쓰기", "Write an answer"];
    k_send: ["답장 보내기 (쓰던 글이 없으면 기록 저장)", "Send the answer (without one: save the record)"];
    k_snooze: ["나중에", "Lay aside"];
    own_language: [
        "이 언어 글 없음, 영어로 넣음",
        "no text in this language, English taken"];
    mark_urgent: ["긴급", "urgent"];
    mark_over: ["한도 초과", "over the limit"];
    mark_automatic: ["자동 발신", "from a machine"];
    mark_damaged: ["일부 손상", "damaged on the way"];
    mark_public: ["공개", "public"];
    mark_private: ["비공개", "private"];
    house_too_long: [
        "글이 길지만 모두 받았다고 알림",
        "said that the text is long and all of it arrived"];
    house_unclear: ["무슨 뜻인지 물음", "asked what is meant"];
    house_still_there: ["아직 계신지 물음", "asked whether the citizen is still there"];
    house_emergency: ["119와 112를 알림", "named 119 and 112"];
    house_closed: ["지금은 시간이 아니라고 알림", "said that nobody is here now"];
    house_opted_out: ["더 보내지 않겠다고 알림", "confirmed that nothing more is sent"];
    house_opted_in: ["다시 보낸다고 알림", "confirmed that messages come again"];
    house_other: ["자동 안내", "an automatic text"];
    no_messages: ["글이 없습니다.", "No messages."];
    erased: ["내용이 지워졌습니다.", "The text was erased."];
});
