//! Every word of the desk's inbox, in Korean and English, and what the house's own texts say.
//! Never a word of a call.

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
        written::TRANSCRIPT => inbox.house_transcript,
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
    letters: ["{n} / {max}자", "{n} of {max} letters"];
    parts: ["{n}건으로 나감", "leaves in {n} parts"];
    lost: ["받는 쪽에서 깨지는 글자: {letters}", "Would not arrive: {letters}"];
    r_too_long: [
        "글이 너무 깁니다. 줄인 뒤 보내세요. 아무것도 지워지지 않았습니다.",
        "The text is too long. Shorten it; nothing was cut off."];
    r_lost: [
        "받는 쪽에서 깨지는 글자가 있습니다. 바꾼 뒤 보내세요.",
        "Some letters would not arrive. Replace them, then send."];
    r_exposed: [
        "누구나 볼 수 있는 답장에 개인정보가 있습니다. 비공개로 보내거나 링크로 보내세요.",
        "Everybody could read personal data in this answer. Send it privately or as a link."];
    r_no_direct: [
        "이 채널은 비공개 답장을 보낼 수 없습니다. 링크로 보내세요.",
        "This network cannot send to one person alone. Send it as a link."];
    r_too_many_files: ["파일은 한 번에 {max}개까지 보낼 수 있습니다.", "At most {max} files with one answer."];
    r_too_big: ["파일 하나는 10 MB까지 보낼 수 있습니다.", "A file may have 10 MB at most."];
    r_wrong_kind: [
        "사진(JPEG, PNG, WebP)과 PDF만 보낼 수 있습니다.",
        "Only pictures (JPEG, PNG, WebP) and PDF can be sent."];
    exposed: ["모두가 볼 개인정보: {what}", "Everybody would read: {what}"];
    exposed_title: ["개인정보가 들어 있습니다", "This answer holds personal data"];
    exposed_lead: [
        "공개 답장이라 누구나 읽을 수 있습니다. 찾은 것:",
        "The answer is public, anybody could read it. Found:"];
    exposed_private: ["비공개로 보내기", "Send privately"];
    exposed_no_direct: [
        "이 채널에는 비공개 답장이 없습니다.",
        "This network has no private answers."];
    exposed_link: ["링크로 보내기", "Send as a link"];
    exposed_link_lead: [
        "공개 답장에는 링크만 나갑니다. 페이지는 14일 동안, 아래 답을 아는 사람에게만 열립니다.",
        "Only a link is posted. Its page opens for 14 days to whoever knows the word below."];
    exposed_question: ["시민에게 묻는 말", "What the citizen is asked"];
    exposed_key: ["맞는 답", "The right answer"];
    exposed_key_hint: [
        "이 시민만 아는 것. 예: 전화번호 끝 네 자리",
        "What only this citizen knows, such as the last four digits of their phone number"];
    exposed_edit: ["고쳐 쓰기", "Back to the text"];
    exposed_need: ["묻는 말과 맞는 답을 적어 주세요.", "Fill in the question and its answer."];
    kind_resident: ["주민·외국인등록번호", "registration number"];
    kind_passport: ["여권번호", "passport number"];
    kind_license: ["운전면허번호", "driver's license"];
    kind_card: ["카드번호", "card number"];
    kind_account: ["계좌번호", "account number"];
    kind_phone: ["전화번호", "phone number"];
    kind_mail: ["메일 주소", "mail address"];
    kind_plate: ["차량번호", "license plate"];
    kind_address: ["주소", "address"];
    kind_name: ["이름", "name"];
    sealed: ["링크 뒤의 답 (질문: {question})", "Behind the link (asked: {question})"];
    attach: ["파일", "Attach"];
    attach_hint: [
        "사진이나 PDF를 붙여 넣거나 끌어다 놓아도 됩니다",
        "Pictures and PDF can be pasted or dropped, too"];
    attached: ["보낼 파일", "Files to be sent"];
    attach_drop: ["{name} 빼기", "Leave out {name}"];
    attach_links: [
        "이 채널은 파일을 나르지 못합니다. 링크로 나갑니다: {n}개",
        "This channel carries no such files: {n} go as links"];
    linked: ["링크로 보냄", "sent as a link"];
    language: ["언어", "Language"];
    macro_sets: ["기록: {what}", "record: {what}"];
    macro_link: ["링크: {link}", "link: {link}"];
    macro_closes: ["보낸 뒤 기록을 마침", "closes the record once sent"];
    will_close: [
        "보내면 기록을 마칩니다. Esc로 취소",
        "Sending closes the record. Esc keeps it open"];
    canned: ["준비된 답", "Canned answers"];
    canned_none: ["맞는 답이 없습니다", "No answer fits"];
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
        "Contact {contact} may be an emergency. Tell the citizen to call 119 (fire, ambulance) or 112 (police) at once."];
    urgent_waits: [
        "상담 {contact} ({channel}, {language}): 긴급할 수 있는 글이 기다립니다. 119·112 안내는 자동으로 나갔습니다. 자리가 나면 가장 먼저 연결됩니다.",
        "Contact {contact} ({channel}, {language}) waits with what may be an emergency. It was told 119 and 112 already. Whoever gets free takes it first."];
    urgent_floor: [
        "긴급할 수 있는 글(119·112): 상담",
        "May be an emergency (119, 112): contact"];
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
    mark_spam: ["스팸으로 분류됨", "marked as spam"];
    mark_verified: ["주소 확인됨", "sender checked"];
    mark_damaged: ["일부 손상", "damaged on the way"];
    mark_public: ["공개", "public"];
    mark_private: ["비공개", "private"];
    house_too_long: [
        "글이 길지만 모두 받았다고 알림",
        "said that the text is long and all of it arrived"];
    house_unclear: ["무슨 뜻인지 물음", "asked what is meant"];
    house_transcript: [
        "대화를 시민이 적은 메일 주소로 보냄",
        "the conversation goes to the citizen's mail address"];
    house_still_there: ["아직 계신지 물음", "asked whether the citizen is still there"];
    house_emergency: ["119와 112를 알림", "named 119 and 112"];
    house_closed: ["지금은 시간이 아니라고 알림", "said that nobody is here now"];
    house_opted_out: ["더 보내지 않겠다고 알림", "confirmed that nothing more is sent"];
    house_opted_in: ["다시 보낸다고 알림", "confirmed that messages come again"];
    house_other: ["자동 안내", "an automatic text"];
    goes_on_in: ["이 상담은 다음 상담에서 이어집니다:", "This contact goes on in"];
    written: ["글로 온 상담", "In writing"];
    late: ["늦음", "late"];
    in_hand: ["상담 중", "in hand"];
    aside: ["내려놓음", "laid aside"];
    quiet_queues: ["기다리는 글이 없는 언어별 대기열 {n}개", "{n} more queues by language, nobody waits"];
    outbox: ["나갈 글", "Outbox"];
    outbox_oldest: ["가장 오래됨 {age}", "oldest {age}"];
    outbox_none: ["나갈 글이 없습니다.", "Nothing waits to leave."];
    outbox_about: [
        "보냈지만 도착이 확인되지 않았거나 아직 나가지 않은 글입니다.",
        "Messages of the city that have not left, or whose arrival nobody has confirmed yet."];
    dead: ["읽지 못한 글", "Unreadable"];
    dead_none: ["읽지 못한 글이 없습니다.", "Nothing unreadable came in."];
    dead_about: [
        "무엇인지 읽을 수 없었지만 버리지 않고 보관한 글입니다. 최근 {n}건까지.",
        "What came in and could not be read is kept, never dropped. The newest {n} at most."];
    reason: ["이유", "Reason"];
    since: ["언제부터", "Since"];
    state: ["상태", "State"];
    by_channel: ["글: 채널·언어별", "In writing: by channel and language"];
    counted: ["상담", "Contacts"];
    messages_in: ["받은 글", "Messages in"];
    in_calls: ["통화 중 보낸 문자", "Texts sent in calls"];
    messages_out: ["보낸 글", "Messages out"];
    replied: ["답한 상담", "Answered in writing"];
    first_reply: ["첫 답까지 평균", "First answer, mean"];
    on_time: ["약속 시간 안", "Within target"];
    within_day: ["24시간 안", "Within 24 h"];
    over_limit: ["한도 초과 글", "Over the limit"];
    asked_again: ["뜻을 다시 물음", "Unclear"];
    undelivered: ["도착하지 못한 글", "Undelivered"];
    reopened: ["다시 이어짐", "Reopened"];
    gave_up: ["기다리다 포기", "Gave up waiting"];
    left_silently: ["말없이 떠남", "Left silently"];
    calls: ["전화", "Calls"];
    automatic_n: ["상담사 없이 끝남", "Automatic"];
    merged_n: ["합쳐짐", "Merged"];
    d_counted: [
        "글로 온 시도. 합쳐지거나 상담사 없이 끝난 것은 따로 셉니다.",
        "attempts in writing; merged and automatic ones are counted apart"];
    d_replied: ["상담사가 글로 한 번이라도 답한 상담", "contacts in which a counselor wrote at least once"];
    d_first_reply: [
        "도착부터 상담사의 첫 글까지의 합 ÷ 답한 상담",
        "time from the arrival to a counselor's first message, summed, ÷ answered in writing"];
    d_on_time: [
        "약속 시간이 지나기 전에 첫 답을 받은 상담 ÷ 답한 상담. 약속: 글 상담 {chat}, 문자 {text}, 소셜 {social}, 메일 {mail}",
        "first answered before the promised time ÷ answered in writing; promised: chat {chat}, text {text}, social {social}, mail {mail}"];
    d_within_day: ["24시간 안에 첫 답 ÷ 답한 상담", "first answered within 24 hours ÷ answered in writing"];
    d_over_limit: ["한도를 넘은 시민의 글, 모두 보관", "citizens' messages longer than the limit, all kept"];
    d_asked_again: ["무슨 뜻인지 되물은 상담", "contacts whose citizen was asked what is meant"];
    d_undelivered: ["끝내 도착하지 못한 센터의 글", "messages of the city that never arrived"];
    d_reopened: ["기록을 마친 뒤 다시 이어진 횟수", "times a conversation went on after its record was closed"];
    d_gave_up: ["상담사가 받기 전에 떠남", "left before a counselor took it"];
    d_left_silently: [
        "상담사가 답한 뒤 한마디 없이 떠난 글 상담",
        "chats left without a word after a counselor had answered"];
    d_automatic_n: ["수신 거부처럼 상담사 없이 끝난 글", "settled without a counselor, such as an opt-out"];
    d_merged_n: ["같은 시민의 다른 상담으로 합쳐짐", "go on in another contact of the same citizen"];
    no_messages: ["글이 없습니다.", "No messages."];
    erased: ["내용이 지워졌습니다.", "The text was erased."];
});
