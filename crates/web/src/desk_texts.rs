//! Every word of the counselor's desk, in Korean and English, in one table. Never a word of another
//! page.

use crate::texts::words;

/// The texts of the desk in a language.
pub(crate) fn in_language(tag: &str) -> &'static Desk {
    static DESK: [Desk; 2] = [Desk::of(0), Desk::of(1)];
    &DESK[usize::from(tag != "ko")]
}

words!(
    /// What a counselor reads and what the desk's script says.
    Desk, 2, {
    state: ["내 상태", "My state"];
    go_ready: ["대기 시작", "Ready"];
    go_rest: ["휴식", "Rest"];
    rest_why: ["휴식 이유", "Reason to rest"];
    rest_next: ["이 상담 뒤 휴식", "rest after this contact"];
    rest_missed_bar: [
        "호출을 받지 못해 휴식으로 바뀌었습니다. 준비되면 F2를 누르세요.",
        "You were put to rest after a missed ring. Press F2 when you are ready again."];
    rest_unfinished_bar: [
        "기록을 제때 마치지 못해 휴식으로 바뀌었습니다. 기록을 마친 뒤 F2를 누르세요.",
        "You were put to rest because a record was not finished in time. Finish it, then press F2."];
    rest_idle_bar: [
        "오래 움직임이 없어 휴식으로 바뀌었습니다. 준비되면 F2를 누르세요.",
        "You were put to rest because nothing was touched for hours. Press F2 when you are ready."];
    not_open: [
        "센터가 이 데스크를 열린 것으로 알지 못합니다.",
        "The center does not know this desk as open."];
    open_again: ["데스크 다시 열기", "Open the desk again"];
    taken: [
        "다른 창에서 데스크가 열려 이 창은 멈췄습니다.",
        "The desk was opened in another window; this one has stopped."];
    work_here: ["여기서 계속하기", "Work here"];
    session_over: [
        "로그인이 끝났습니다. 작성 중인 내용은 이 창에 남아 있습니다.",
        "Your sign-in is over. What you typed is kept in this window."];
    sign_in_again: ["다시 로그인", "Sign in again"];
    connecting: ["연결 중…", "Connecting…"];
    offline: [
        "센터와 연결이 끊겼습니다. 입력한 내용은 이 브라우저에 보관되며 연결되면 저장됩니다.",
        "No connection to the center. What you type is kept here and saved when it is back."];
    online: ["다시 연결되었습니다.", "Connected again."];

    headset: ["헤드셋", "Headset"];
    headset_connecting: ["연결 중", "connecting"];
    headset_up: ["연결됨", "connected"];
    headset_down: ["끊김, 다시 연결 중", "lost, reconnecting"];
    headset_none: ["없음", "none"];
    headset_connect: ["헤드셋 연결", "Connect headset"];
    headset_none_bar: [
        "헤드셋 없이 일하는 중입니다. 전화를 받아도 서로 들리지 않습니다.",
        "You work without a headset: you and the citizen cannot hear each other."];
    mic_refused: [
        "브라우저가 마이크 사용을 막았습니다. 주소창 왼쪽의 자물쇠를 눌러 마이크를 허용한 뒤 “헤드셋 연결”을 누르세요.",
        "The browser blocks the microphone. Allow it at the lock beside the address, then press “Connect headset”."];
    mic_missing: [
        "마이크를 찾을 수 없습니다. 헤드셋을 꽂은 뒤 “헤드셋 연결”을 누르세요.",
        "No microphone was found. Plug in the headset, then press “Connect headset”."];
    mic_insecure: [
        "마이크는 https 주소나 이 컴퓨터(localhost)에서만 쓸 수 있습니다. 센터의 https 주소로 여세요.",
        "The microphone works only on an https address or on this computer (localhost). Open the center's https address."];
    sound_blocked: [
        "브라우저가 소리를 막고 있습니다. 아무 키나 누르세요.",
        "The browser holds back sound. Press any key."];

    waits: ["대기 현황", "What waits"];
    waits_none: ["기다리는 시민이 없습니다", "Nobody waits"];
    waits_n: ["{n}건 대기", "{n} waiting"];
    queue_ready: ["준비 {n}", "{n} ready"];
    queue_closed: ["운영 종료", "closed"];
    tasks: ["할 일: 콜백", "Tasks: callbacks owed"];
    tasks_none: ["남은 콜백이 없습니다", "No callback is owed"];
    task_since: ["{age} 전부터", "for {age}"];
    task_take: ["전화 걸기", "Call back"];
    task_drop: ["지우기", "Strike off"];
    task_drop_sure: [
        "상담 {contact}의 콜백을 지울까요? 시민에게 전화하지 않게 됩니다.",
        "Strike off the callback of contact {contact}? The citizen will not be called."];

    card: ["현재 상담", "Current contact"];
    idle_ready: ["대기 중입니다. 전화가 오면 여기에 표시됩니다.", "You are ready. The next contact appears here."];
    idle_rest: ["휴식 중입니다. F2를 누르면 전화를 받습니다.", "You are at rest. F2 makes you ready for calls."];
    incoming: ["전화가 왔습니다", "Incoming call"];
    incoming_callback: ["콜백: 시민에게 전화합니다", "Callback: the citizen will be called"];
    dialing: ["시민에게 거는 중", "Calling the citizen"];
    talking: ["통화 중", "Talking"];
    on_hold: ["보류 중, 시민은 음악을 듣습니다", "On hold, the citizen hears music"];
    wrap_up: ["통화가 끝났습니다. 기록을 마치세요.", "The line is over. Finish the record."];
    leaving: ["외부 번호로 연결하는 중", "Handing over to the number"];
    elsewhere: ["다른 단계", "In another stage"];
    answer: ["받기", "Answer"];
    answer_callback: ["전화 걸기", "Call now"];
    decline: ["거절", "Decline"];
    mute: ["음소거", "Mute"];
    unmute: ["음소거 해제", "Unmute"];
    muted: ["음소거 중: 시민은 듣지 못합니다", "Muted: the citizen cannot hear you"];
    hold: ["보류", "Hold"];
    resume: ["통화 재개", "Resume"];
    transfer: ["전환", "Transfer"];
    hang_up: ["끊기", "Hang up"];
    cancel: ["취소", "Cancel"];
    transfer_to_queue: ["대기열로", "To a queue"];
    transfer_to_number: ["번호로", "To a number"];
    transfer_lead: [
        "전환하면 바로 넘어갑니다. 내용은 그대로 남습니다.",
        "The citizen is handed over at once. Your note stays on the record."];
    transfer_go: ["전환하기", "Hand over"];
    long_talk: [
        "통화가 {minutes}분을 넘었습니다. 마무리를 안내해도 됩니다.",
        "The talk has passed {minutes} minutes. You may bring it to an end."];
    long_wrap: ["기록 시간이 길어지고 있습니다.", "The record takes long."];
    ring_left: ["{s}초 안에 받으세요", "answer within {s} s"];
    waited: ["기다린 시간", "Wait"];
    pressed: ["누른 번호", "Keys"];
    pressed_none: ["누르지 않음", "none"];
    queue: ["대기열", "Queue"];
    contact: ["상담 번호", "Contact"];
    number: ["전화번호", "Number"];
    number_hidden: ["통화하면 보입니다", "shown when you talk"];
    withheld: ["번호 표시 없음", "withheld"];
    copy: ["복사", "Copy"];
    copied: ["복사됨", "Copied"];
    repeat: ["24시간 내 재문의", "Repeat within 24 h"];
    relaxed: ["조건 완화 {ring}", "Needs relaxed {ring}×"];
    earlier: ["이 번호의 최근 상담", "Last contacts of this caller"];
    earlier_none: ["처음 온 번호입니다", "First contact of this number"];
    earlier_withheld: ["번호가 없어 알 수 없습니다", "Not known: the number is withheld"];
    via: ["경로", "By"];

    record: ["상담 기록", "Record"];
    note: ["상담 내용", "Note"];
    note_hint: ["입력하는 대로 저장됩니다", "Saved as you type"];
    saved: ["{time} 저장됨", "Saved {time}"];
    saving: ["저장 중…", "Saving…"];
    unsaved: ["아직 저장되지 않음", "Not saved yet"];
    save_failed: ["저장 실패, 다시 시도 중", "Not saved, trying again"];
    letters: ["{n} / {max}자", "{n} of {max} letters"];
    category: ["분류", "Category"];
    category_hint: ["이름, 초성(ㅂㅂㅈㅊ), 코드", "Name, initials (ㅂㅂㅈㅊ) or code"];
    category_none: ["맞는 분류가 없습니다", "No category fits"];
    category_recent: ["최근 사용", "Used lately"];
    category_count: ["{n}개", "{n} found"];
    outcome: ["처리 결과", "Outcome"];
    outcome_hint: ["코드 두 글자 또는 이름 입력", "Type the two letters or the name"];
    save_ready: ["저장하고 대기", "Save and ready"];
    save_rest: ["저장하고 휴식", "Save and rest"];
    still_talking: ["통화 중에는 마칠 수 없습니다.", "The record is closed after the call."];
    finished: ["상담 {contact} 기록을 마쳤습니다.", "Record of contact {contact} is closed."];
    record_none: ["상담이 시작되면 기록할 수 있습니다.", "The record opens with the contact."];

    shortcuts: ["단축키", "Shortcuts"];
    shortcuts_lead: [
        "키보드만으로 모든 일을 할 수 있습니다.",
        "Everything works by keyboard alone."];
    close: ["닫기", "Close"];
    k_ready: ["대기 / 휴식 바꾸기", "Ready or rest"];
    k_answer: ["전화 받기", "Answer"];
    k_mute: ["음소거 켜고 끄기", "Mute or unmute"];
    k_hold: ["보류 / 재개", "Hold or resume"];
    k_transfer: ["전환", "Transfer"];
    k_hang_up: ["끊기 (Esc는 끊지 않음)", "Hang up (Esc never does)"];
    k_note: ["상담 내용으로", "Go to the note"];
    k_category: ["분류로", "Go to the category"];
    k_outcome: ["처리 결과로", "Go to the outcome"];
    k_save: ["저장하고 대기", "Save and ready"];
    k_save_rest: ["저장하고 휴식", "Save and rest"];
    k_sheet: ["이 표 열기", "Open this sheet"];
    k_escape: ["목록이나 창 닫기", "Close a list or window"];

    say_ring: [
        "전화가 왔습니다. {language}, {wait} 기다림. F8로 받으세요.",
        "Incoming call. {language}, waited {wait}. F8 answers."];
    say_gone: ["호출이 끝났습니다.", "The ring has ended."];
    say_state: ["상태: {state}", "State: {state}"];
    title_ring: ["전화", "Call"];
    failed: ["요청이 전달되지 않았습니다. 다시 시도하세요.", "The request did not get through. Try again."];
});
