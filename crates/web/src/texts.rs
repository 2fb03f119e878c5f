//! Every word that staff see, in Korean and English, in one table. Never a word of the citizens'
//! page: `citizen_texts`.

/// A set of texts: one field per text, one value per language; a missing translation does not
/// compile.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $languages:literal, { $($key:ident: $texts:expr;)* }) => {
        $(#[$about])*
        pub(crate) struct $name { $(pub(crate) $key: &'static str,)* }

        impl $name {
            pub(crate) const fn of(language: usize) -> $name {
                $name {
                    $($key: {
                        const TEXTS: [&str; $languages] = $texts;
                        TEXTS[language]
                    },)*
                }
            }

            /// The texts as JSON for a page's script.
            #[allow(dead_code, reason = "not every page has a script")]
            pub(crate) fn json(&self) -> serde_json::Value {
                let pairs = [$((stringify!($key), self.$key),)*];
                pairs
                    .into_iter()
                    .map(|(key, text)| (key.to_owned(), serde_json::Value::from(text)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
        }
    };
}
pub(crate) use words;

/// Language tags of the staff pages, in the order of every row below.
pub(crate) const STAFF_LANGUAGES: [&str; 2] = ["ko", "en"];

/// The staff texts by language.
pub(crate) static STAFF: [Staff; 2] = [Staff::of(0), Staff::of(1)];

/// Puts values into the `{name}` places of a text.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let Some(close) = from.find('}') else {
            filled.push_str(from);
            return filled;
        };
        let name = &from[1..close];
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&from[..=close]),
        }
        rest = &from[close + 1..];
    }
    filled.push_str(rest);
    filled
}

words!(
    /// What staff read.
    Staff, 2, {
    tag: ["ko", "en"];
    other_tag: ["en", "ko"];
    other_language: ["English", "한국어"];
    skip: ["본문으로 건너뛰기", "Skip to content"];
    desk: ["상담 데스크", "Desk"];
    contacts: ["상담 기록", "Contacts"];
    library: ["자료실", "Library"];
    floor: ["현황판", "Floor"];
    statistics: ["통계", "Statistics"];
    start: ["시작 화면", "Start page"];
    sign_in: ["로그인", "Sign in"];
    sign_out: ["로그아웃", "Sign out"];
    login: ["아이디", "Login"];
    password: ["비밀번호", "Password"];
    sign_in_failed: ["아이디 또는 비밀번호가 맞지 않습니다.", "Login or password is not right."];
    sign_in_wait: [
        "로그인 실패가 많아 잠시 막혔습니다. {minutes}분 뒤에 다시 시도하세요.",
        "Too many failed attempts. Try again in {minutes} min."];
    sign_in_lead: [
        "로그인하면 이 화면에서 전화를 받고 상담을 기록합니다.",
        "After signing in you take calls and write the record in this page."];
    sign_out_busy: [
        "통화나 기록이 남아 있어 로그아웃할 수 없습니다. 먼저 마치세요.",
        "You still have a call or an open record. Finish it before you sign out."];
    error: ["오류", "Error"];
    forbidden: ["이 화면을 볼 권한이 없습니다.", "You may not open this page."];
    forged: [
        "요청이 이 사이트에서 오지 않아 거절했습니다. 화면을 새로 고친 뒤 다시 시도하세요.",
        "The request did not come from this site and was refused. Reload the page and try again."];
    not_found: ["찾을 수 없습니다.", "There is nothing here."];
    trouble: [
        "지금은 기록을 읽을 수 없습니다. 잠시 뒤 다시 시도하세요.",
        "The record cannot be read right now. Try again in a moment."];
    bad_request: ["요청을 이해할 수 없습니다.", "The request cannot be understood."];
    need_script: [
        "상담 데스크는 자바스크립트가 필요합니다.",
        "The desk needs JavaScript."];

    // State of a counselor.
    doing_ready: ["대기", "Ready"];
    doing_rest: ["휴식", "Rest"];
    doing_ringing: ["호출 중", "Ringing"];
    doing_talk: ["통화 중", "Talking"];
    doing_wrap_up: ["기록 중", "Wrap-up"];
    rest_break: ["휴식", "Break"];
    rest_meal: ["식사", "Meal"];
    rest_meeting: ["회의·코칭", "Meeting or coaching"];
    rest_desk: ["기타 업무", "Desk work"];
    rest_missed: ["호출을 받지 못함", "Missed ring"];
    rest_unfinished: ["기록을 마치지 못함", "Record not finished"];
    rest_idle: ["오래 비움", "Untouched for hours"];

    // Names of coded values.
    language_ko: ["한국어", "Korean"];
    language_en: ["영어", "English"];
    language_zh: ["중국어", "Chinese"];
    language_ja: ["일본어", "Japanese"];
    language_vi: ["베트남어", "Vietnamese"];
    language_mn: ["몽골어", "Mongolian"];
    language_other: ["기타 언어", "Other language"];
    channel_voice: ["전화", "Telephone"];
    channel_video: ["수어 영상", "Sign-language video"];
    channel_chat: ["채팅", "Chat"];
    channel_text: ["문자", "Text"];
    channel_social: ["소셜", "Social"];
    channel_mail: ["메일", "Mail"];
    stage_arrived: ["도착", "Arrived"];
    stage_menu: ["메뉴 안내", "In menu"];
    stage_queue: ["대기", "Waiting"];
    stage_callback: ["콜백 대기", "Callback waiting"];
    stage_ringing: ["호출 중", "Ringing"];
    stage_talk: ["통화", "Talking"];
    stage_hold: ["보류", "On hold"];
    stage_wrap_up: ["기록 중", "Wrap-up"];
    stage_snoozed: ["미뤄 둠", "Snoozed"];
    stage_closed: ["종료", "Closed"];
    fate_answered: ["응답", "Answered"];
    fate_left_menu: ["메뉴에서 끊음", "Left in menu"];
    fate_short_abandoned: ["곧바로 포기", "Short abandon"];
    fate_abandoned: ["대기 중 포기", "Abandoned"];
    fate_capped: ["수용 초과", "Refused, full"];
    fate_closed: ["운영 시간 외", "Outside hours"];
    fate_unreached: ["콜백 미연결", "Callback not reached"];
    fate_interrupted: ["중단됨", "Interrupted"];
    fate_outbound: ["센터가 건 전화", "Outbound"];
    fate_silent: ["말없이 나감", "Left silently"];
    fate_merged: ["합쳐짐", "Merged"];
    fate_automatic: ["자동 처리", "Automatic"];
    d_silent: [
        "상담사가 응답한 뒤 한 마디도 없이 나간 채팅",
        "chats left without a word after a counselor had answered",
    ];

    // Contacts and record.
    contact: ["상담", "Contact"];
    number: ["전화번호", "Number"];
    withheld: ["번호 표시 없음", "Number withheld"];
    arrived: ["도착", "Arrived"];
    arrived_from: ["도착 (부터)", "Arrived from"];
    arrived_to: ["도착 (까지)", "Arrived to"];
    counselor: ["상담사", "Counselor"];
    category: ["분류", "Category"];
    outcome: ["처리 결과", "Outcome"];
    fate: ["결말", "Fate"];
    language: ["언어", "Language"];
    channel: ["채널", "Channel"];
    queue: ["대기열", "Queue"];
    stage: ["단계", "Stage"];
    note: ["상담 내용", "Note"];
    note_words: ["상담 내용과 글의 단어", "Words of note and messages"];
    wait: ["대기 시간", "Wait"];
    talk: ["통화 시간", "Talk"];
    hold: ["보류 시간", "Hold"];
    wrap: ["기록 시간", "Wrap-up"];
    keys: ["누른 번호", "Keys pressed"];
    via: ["유입 경로", "Came by"];
    repeat: ["24시간 내 재문의", "Repeat within 24 h"];
    yes: ["예", "yes"];
    no: ["아니오", "no"];
    none: ["없음", "none"];
    any: ["전체", "any"];
    search: ["검색", "Search"];
    clear: ["조건 지우기", "Clear"];
    search_number: ["전화번호로 찾기", "Find by number"];
    search_number_hint: [
        "번호는 주소창에 남지 않습니다.",
        "The number does not appear in the address."];
    all_of_caller: ["이 번호의 모든 상담", "All contacts of this number"];
    by_caller: ["같은 번호의 상담만 표시합니다.", "Only contacts of one number are shown."];
    found: ["{n}건", "Contacts: {n}"];
    found_more: ["{n}건 (더 있음)", "Contacts: {n}, more on the next page"];
    nothing_found: ["조건에 맞는 상담이 없습니다.", "No contact matches."];
    category_unknown: [
        "“{category}”에 맞는 분류가 없습니다.",
        "No category matches “{category}”."];
    next_page: ["다음 50건", "Next 50"];
    first_page: ["처음으로", "Newest"];
    own_only: ["본인이 맡은 상담만 표시됩니다.", "You see the contacts you handled."];
    record: ["상담 기록 {contact}", "Record of contact {contact}"];
    timeline: ["시간 순서", "Timeline"];
    durations: ["시간", "Durations"];
    no_note: ["작성된 내용이 없습니다.", "Nothing was written."];
    recordings: ["녹음", "Recordings"];
    no_recordings: ["녹음이 없습니다.", "There is no recording."];
    recording_of: ["녹음 {n}, {length}", "Recording {n}, {length}"];
    keep_until: ["보관 기한 {date}", "Kept until {date}"];
    listen: ["듣기", "Listen"];
    listen_audit: [
        "들을 때마다 누가 언제 들었는지 기록에 남습니다.",
        "Each listen is written to the record: who and when."];
    listened_by: ["청취 {time} · {counselor}", "Listened {time} · {counselor}"];
    lane_citizen: ["시민", "Citizen"];
    lane_counselor: ["상담사", "Counselor"];
    level_picture: ["소리 크기 그림", "Level picture"];
    recording_foreign: [
        "녹음은 담당 상담사와 관리자만 들을 수 있습니다.",
        "Only the counselor of the contact and supervisors may listen."];
    callback_owed: ["콜백 필요", "Callback owed"];
    transfers: ["전환", "Transfers"];
    returned: ["되돌아온 호출", "Returned offers"];
    key_of_attempt: ["시도 식별자", "Attempt key"];
    answered_at: ["응답", "Answered"];
    queued_at: ["대기 시작", "Queued"];
    ended_at: ["통화 종료", "Line over"];
    closed_at: ["기록 종료", "Record closed"];

    // Events in words.
    e_arrived: ["{channel}로 도착 ({via})", "Arrived by {channel} ({via})"];
    e_arrived_repeat: [
        "{channel}로 도착 ({via}), 24시간 내 재문의",
        "Arrived by {channel} ({via}), repeat within 24 h"];
    e_menu: ["메뉴 “{node}” 안내", "Heard the menu “{node}”"];
    e_key: ["번호 {key} 누름", "Pressed {key}"];
    e_key_invalid: ["번호 {key} 누름 (해당 없음)", "Pressed {key}, which leads nowhere"];
    e_language: ["언어 선택: {language}", "Chose {language}"];
    e_language_corrected: ["{counselor} 언어를 고침: {language}", "{counselor} corrected the language: {language}"];
    e_queued: ["“{queue}”에서 대기 시작", "Waits in “{queue}”"];
    e_queued_aged: [
        "“{queue}”에서 대기, 앞선 대기 {age} 인정",
        "Waits in “{queue}”, {age} of earlier waiting counts"];
    e_queued_front: ["“{queue}” 맨 앞에서 대기", "Waits at the front of “{queue}”"];
    e_told: [
        "안내: {position}번째, 예상 대기 {p50}~{p90}",
        "Was told: place {position}, wait {p50} to {p90}"];
    e_told_callback: [
        "안내: {position}번째, 예상 대기 {p50}~{p90}, 콜백 제안",
        "Was told: place {position}, wait {p50} to {p90}; a callback was offered"];
    e_told_place: [
        "안내: {position}번째, 예상 대기는 알 수 없음",
        "Was told: place {position}, the wait is not known"];
    e_heard: ["안내를 끝까지 들음", "Heard the announcement to its end"];
    e_turned_away: [
        "“{queue}”에 들어가지 못함: {fate}",
        "Could not enter “{queue}”: {fate}"];
    e_goodbye_said: ["끝인사를 들려줌", "Said goodbye"];
    e_line_ended: ["회선이 끝났고 상담은 계속됨", "The line ended; the contact goes on"];
    e_callback_booked: ["콜백 예약, 순서 유지", "Booked a callback and keeps the place"];
    e_wait_alarmed: ["너무 오래 기다림, 현황판 경보", "Waited very long: the floor was alarmed"];
    e_offered: ["{counselor}에게 호출", "Rang at {counselor}"];
    e_missed: ["{counselor} 받지 못함, 맨 앞으로 되돌림", "{counselor} did not answer; back to the front"];
    e_declined: ["{counselor} 거절, 맨 앞으로 되돌림", "{counselor} declined; back to the front"];
    e_offer_desk_lost: [
        "{counselor} 데스크 연결 끊김, 맨 앞으로 되돌림",
        "{counselor}'s desk lost its connection; back to the front"];
    e_offer_emergency: [
        "{counselor} 호출을 거둠: 긴급한 글이 먼저, 맨 앞으로 되돌림",
        "Taken back from {counselor} for an emergency; back to the front, no missed ring"];
    e_offer_signed_out: [
        "{counselor} 로그아웃, 맨 앞으로 되돌림",
        "{counselor} signed out; back to the front"];
    e_task_taken: [
        "{counselor}: 상담 {task}의 콜백을 위해 시작",
        "Opened by {counselor} to call back for contact {task}"];
    e_dialed: ["{counselor}: 시민에게 전화 ({attempt}번째)", "Called the citizen for {counselor}, try {attempt}"];
    e_dial_ended: ["연결되지 않음 ({status}), 종료", "Not reached ({status}); given up"];
    e_dial_again: ["연결되지 않음 ({status}), {time}에 다시", "Not reached ({status}); again at {time}"];
    e_answered: ["{counselor} 통화 시작", "Spoke with {counselor}"];
    e_held: ["보류", "On hold"];
    e_resumed: ["통화 재개", "Spoke again"];
    e_talk_long: ["긴 통화, 데스크에 알림", "Long talk: the desk was told"];
    e_transferred: ["{counselor}: “{queue}”로 전환", "{counselor} handed over to “{queue}”"];
    e_transferred_out: ["{counselor}: 외부 번호로 전환", "{counselor} handed over to an outside number"];
    e_transfer_ok: ["외부 번호가 받음", "The outside number answered"];
    e_transfer_failed: ["외부 번호 연결 실패 ({status})", "The outside number was not reached ({status})"];
    e_counselor_lost: [
        "{counselor} 연결이 돌아오지 않아 맨 앞으로",
        "{counselor} did not come back; the citizen goes to the front"];
    e_talk_ended_citizen: ["시민이 끊음", "The citizen hung up"];
    e_talk_ended_line: ["회선 끊김", "The line was lost"];
    e_talk_ended_center: ["센터에서 끊음", "The center hung up"];
    e_talk_ended_quiet: ["오랫동안 글이 없어 대화가 끝남", "The conversation ended: nobody wrote any more"];
    e_message_in: [
        "시민이 메시지 {message}번을 보냄 ({letters}자, 파일 {files}개)",
        "The citizen wrote message {message} ({letters} letters, {files} files)",
    ];
    e_message_over: [
        "시민이 제한보다 긴 메시지 {message}번을 보냄 ({letters}자, 모두 보관함)",
        "The citizen wrote message {message}, longer than the limit ({letters} letters, all kept)",
    ];
    e_message_urgent: [
        "시민이 긴급한 메시지 {message}번을 보냄 ({letters}자)",
        "The citizen wrote message {message}, an emergency ({letters} letters)",
    ];
    e_message_house: [
        "센터가 자동으로 메시지 {message}번을 보냄: {text}",
        "The house sent message {message} by itself: {text}",
    ];
    e_message_caller: [
        "{counselor} 상담사가 전화한 시민에게 문자 {message}번을 보냄 ({letters}자)",
        "{counselor} sent the caller text {message} ({letters} letters)",
    ];
    e_message_out: [
        "{counselor} 상담사가 메시지 {message}번을 보냄 ({letters}자)",
        "{counselor} wrote message {message} ({letters} letters)",
    ];
    e_message_fared: ["메시지 {message}번: {fortune}", "Message {message}: {fortune}"];
    e_message_changed: ["시민이 메시지 {message}번을 고침", "The citizen changed message {message}"];
    e_message_withdrawn: [
        "시민이 메시지 {message}번을 지움 (기록에는 남음)",
        "The citizen took back message {message}; the record keeps that it was there",
    ];
    e_still_present: ["시민이 계속 자리에 있음", "The citizen is still there"];
    e_reopened: ["기록을 마친 뒤 대화가 이어짐", "The conversation went on after the record was closed"];
    e_snoozed: ["{counselor} 상담사가 {time}까지 미뤄 둠", "{counselor} laid it aside until {time}"];
    e_assigned: ["{counselor} 상담사가 {to} 상담사에게 넘김", "{counselor} gave it to {to}"];
    e_handed_back: ["{counselor} 상담사에게서 대기열로 돌아감", "Back from {counselor} to the queue"];
    e_escalated: ["먼저 처리할 차례가 됨", "Goes before the others"];
    e_late: ["약속한 시간 안에 답하지 못함", "Not answered within the promised time"];
    e_merged: ["상담 {contact}번으로 합쳐짐", "Merged into contact {contact}"];
    e_unmerged: ["합친 것을 되돌림", "The merge was undone"];
    e_opted_in: ["알림 문자를 다시 받기로 함", "Allows messages that were not asked for"];
    e_opted_out: ["알림 문자를 받지 않기로 함", "Wants no messages that were not asked for"];
    fortune_queued: ["보낼 예정", "waiting to leave"];
    fortune_submitted: ["보냄", "sent"];
    fortune_delivered: ["도착함", "delivered"];
    fortune_failed: ["보내지 못함", "not delivered"];
    fortune_expired: ["기한이 지나 보내지 못함", "expired undelivered"];
    fortune_unknown: ["도착했는지 알 수 없음", "perhaps delivered"];
    e_talk_ended_restart: ["센터 재시작으로 끊김", "The center was restarted"];
    e_wrap_overdue: ["기록이 오래 걸림", "The record takes long"];
    e_taken_over: ["{counselor} 이어받음 (이전 {from}, 작성 {wrote})", "Taken over by {counselor} from {from}, who wrote for {wrote}"];
    unfinished: ["마무리를 기다리는 기록", "Records waiting to be finished"];
    unfinished_lead: ["담당자가 퇴근했거나 기록 시간을 넘긴 상담입니다. 이어받으면 내 상담석에서 마무리합니다.", "Their counselors have gone or have left them too long. Taken over, they are finished at your desk."];
    take_over: ["이어받기", "Take over"];
    since_when: ["시작", "Since"];
    left_by: ["담당", "Left by"];
    e_note: ["내용 저장 ({letters}자)", "Note saved, {letters} letters"];
    e_classified: ["분류 {category}, 결과 {outcome}", "Category {category}, outcome {outcome}"];
    e_interrupted: ["센터가 멈춤 (단계: {stage})", "The center stopped (stage: {stage})"];
    e_task_opened: ["콜백을 할 일로 등록", "A callback is owed from here on"];
    e_task_called: ["{counselor}: 콜백 실행", "{counselor} called back"];
    e_task_dropped: ["{counselor}: 콜백 취소", "{counselor} struck the callback off"];
    e_closed: ["종료: {fate}", "Closed: {fate}"];
    e_recorded: ["녹음 저장 ({length})", "Recording stored, {length}"];
    e_recorded_cut: [
        "녹음 저장 ({length}), 중단으로 끝이 잘림",
        "Recording stored, {length}, cut off by a stop of the center"];
    e_recording_erased: ["보관 기한이 지나 녹음 삭제", "Recording erased, its time was over"];
    e_personal_erased: [
        "보관 기한이 지나 전화번호, 상담 내용, 주고받은 글 삭제",
        "Number, note and letters erased, their time was over"];
    recording_cut: ["중단으로 끝이 잘림", "Cut off by a stop of the center"];
    recording_erased: ["{date} 삭제됨", "Erased on {date}"];
    personal_erased: ["{date} 삭제됨", "Erased on {date}"];
    e_listened: ["{counselor} 녹음 청취", "{counselor} listened to a recording"];

    // Why this counselor, why now.
    why: [
        "이유: {waiting}건 중 가장 급함({waited} 대기). 가능한 상담사 {free}명 중 보유 기능이 가장 적고({skills}개) 그중 가장 오래 대기({idle}). {ring}",
        "Why: most urgent of {waiting} waiting ({waited}). Free counselors who may take it: {free}; of these the one with fewest skills ({skills}), then longest free ({idle}). {ring}"];
    why_ring_first: ["처음 조건 그대로.", "First ring of needs."];
    why_ring_later: [
        "기다림이 길어 조건을 {ring}단계 완화.",
        "Needs were relaxed because of the wait, step {ring}."];
    why_held_back: [
        " 드문 언어를 위해 {held}명을 남겨 둠.",
        " Free but held back for a rare skill: {held}."];

    // Floor.
    now: ["지금", "Now"];
    today_closed: ["오늘 종료된 상담", "Closed today"];
    in_progress: ["진행 중 {n}건은 아직 포함되지 않음", "{n} in progress are not counted yet"];
    waiting: ["대기", "Waiting"];
    longest_wait: ["최장 대기", "Longest wait"];
    in_menu: ["메뉴", "In menu"];
    talking: ["통화", "Talking"];
    wrap_up: ["기록", "Wrap-up"];
    ready: ["준비", "Ready"];
    rest: ["휴식", "Rest"];
    ringing: ["호출", "Ringing"];
    heads: ["상담사 상태 (인원)", "Heads by state"];
    unconnected: ["연결 끊김", "Disconnected"];
    callbacks: ["콜백", "Callbacks"];
    callbacks_owed: ["남은 콜백", "Callbacks owed"];
    oldest: ["가장 오래됨", "oldest"];
    estimate: ["예상 대기", "Estimate"];
    estimate_range: ["{p50}~{p90}", "{p50} to {p90}"];
    queue_closed: ["운영 종료", "closed"];
    queue_open: ["운영 중", "open"];
    held_back: ["남겨 둔 상담사", "Held back"];
    held_back_price: [
        "“{queue}”: 드문 언어를 위해 준비된 상담사 {held}명을 남겨 둠. 대가: {waiting}명이 계속 기다림{oldest}.",
        "“{queue}”: ready but kept for rare languages: {held}. Price: {waiting} keep waiting{oldest}."];
    held_back_oldest: [" (최장 {wait})", " (longest {wait})"];
    attempts: ["시도", "Attempts"];
    queued: ["대기열 진입", "Queued"];
    answered: ["응답", "Answered"];
    abandoned: ["포기", "Abandoned"];
    short: ["곧바로 포기", "Short abandon"];
    left_menu: ["메뉴에서 끊음", "Left in menu"];
    capped: ["수용 초과", "Refused, full"];
    closed_hours: ["시간 외", "Outside hours"];
    unreached: ["콜백 미연결", "Not reached"];
    interrupted: ["중단", "Interrupted"];
    rate_attempts: ["응답률 (전체 시도)", "Answer rate, attempts"];
    rate_queued: ["응답률 (대기열)", "Answer rate, queued"];
    service_level: ["서비스 수준 {t}", "Service level {t}"];
    service_level_short: ["서비스 수준", "Service level"];
    mean_wait: ["평균 대기", "Mean wait"];
    p90_wait: ["대기 P90", "P90 wait"];
    handling: ["평균 처리", "Handling"];
    d_attempts: [
        "시민의 모든 시도. 센터가 건 전화는 제외.",
        "every attempt of a citizen; calls the center made are left out"];
    d_queued: ["대기열에 들어간 시도", "attempts that entered a queue"];
    d_answered: ["상담사와 연결된 시도", "attempts served by a counselor"];
    d_abandoned: [
        "대기 중 {short} 이상 기다리다 끊음",
        "gave up in the queue after {short} or more"];
    d_short: ["대기 중 {short} 미만에 끊음", "gave up in the queue before {short}"];
    d_left_menu: ["메뉴에서 끊음", "hung up in the menu"];
    d_capped: ["자리가 없어 거절", "refused for lack of room"];
    d_closed: ["운영 시간 외 안내를 듣고 끝남", "came outside the opening hours"];
    d_unreached: ["약속한 콜백이 끝내 연결되지 않음", "a promised callback was never reached"];
    d_interrupted: ["센터가 멈춰 중단됨", "cut by a stop of the center"];
    d_rate_attempts: ["응답 ÷ 전체 시도", "answered ÷ attempts"];
    d_rate_queued: ["응답 ÷ (대기열 − 곧바로 포기)", "answered ÷ (queued − short abandons)"];
    d_service_level: [
        "응답 ≤ T ÷ (응답 + T 초과 포기)",
        "answered ≤ T ÷ (answered + abandoned > T)"];
    d_mean_wait: ["응답된 시도의 대기 합 ÷ 응답", "wait of the answered ÷ answered"];
    d_p90_wait: [
        "응답된 시도 열 중 아홉은 이 안에 연결 (구간 내 보간)",
        "nine of ten answered waited no longer (interpolated in its bucket)"];
    d_handling: ["(통화 + 보류 + 기록) ÷ 응답", "(talk + hold + wrap-up) ÷ answered"];
    live: ["실시간", "live"];
    stale: ["연결이 끊겨 다시 연결 중입니다", "connection lost, reconnecting"];
    as_of: ["{time} 기준", "as of {time}"];

    // Statistics.
    day: ["날짜", "Day"];
    show: ["보기", "Show"];
    by_hour: ["시간대별", "By hour"];
    by_queue: ["대기열·언어별", "By queue and language"];
    hour: ["시간", "Hour"];
    total: ["합계", "Total"];
    no_queue: ["대기열 없음", "no queue"];
    csv: ["CSV 내려받기", "Download CSV"];
    definitions: ["용어 정의", "Definitions"];
    counted_closed: [
        "종료된 상담만 도착한 시각으로 셉니다. 숫자를 누르면 해당 상담이 열립니다.",
        "Closed contacts only, by their hour of arrival. A number opens the contacts that make it up."];
    previous_day: ["전날", "Previous day"];
    next_day: ["다음 날", "Next day"];

    // Refusals of the center.
    r_unknown_contact: ["이미 끝난 상담입니다.", "This contact is not open any more."];
    r_unknown_message: ["그런 메시지가 없습니다.", "There is no such message."];
    r_wrong_channel: [
        "이 채널에서는 할 수 없습니다.",
        "This is not possible on this channel.",
    ];
    r_too_often: [
        "더 이상 할 수 없습니다.",
        "This was done as often as it may be.",
    ];
    r_no_texts: [
        "문자를 보낼 회선이 설정되어 있지 않습니다.",
        "No connection is set up by which texts leave."];
    r_number_unknown: [
        "발신자 번호가 표시되지 않은 전화입니다. 받을 휴대전화 번호를 입력하세요.",
        "The caller's number is withheld. Type the mobile number that shall get the text."];
    r_unknown_counselor: [
        "데스크가 열려 있지 않습니다. 화면을 새로 고치세요.",
        "Your desk is not open. Reload the page."];
    r_not_yours: ["다른 상담사가 맡은 상담입니다.", "This contact is with another counselor."];
    r_wrong_state: ["지금 상태에서는 할 수 없습니다.", "This cannot be done right now."];
    r_unknown_queue: ["그런 대기열이 없습니다.", "There is no such queue."];
    r_unknown_category: ["목록에서 분류를 고르세요.", "Choose a category from the list."];
    r_unknown_outcome: ["목록에서 처리 결과를 고르세요.", "Choose an outcome from the list."];
    r_category_missing: [
        "분류를 골라야 기록을 마칠 수 있습니다.",
        "Choose a category: the record cannot be closed without it."];
    r_outcome_missing: [
        "처리 결과를 골라야 기록을 마칠 수 있습니다.",
        "Choose an outcome: the record cannot be closed without it."];
    r_still_talking: [
        "시민이 아직 통화 중입니다. 먼저 전화를 끊으세요.",
        "The citizen is still on the line. Hang up first."];
    r_no_route: [
        "외부로 거는 회선이 설정되어 있지 않습니다.",
        "There is no route for calls to the outside."];
    r_too_long: ["내용이 너무 깁니다.", "The note is too long."];
    r_unwritten: [
        "지금은 기록을 저장할 수 없습니다. 다시 시도합니다.",
        "The record cannot be written right now. It will be tried again."];
    r_stopped: ["센터가 멈추는 중입니다.", "The center is shutting down."];
    r_media: ["전화 장치가 응답하지 않습니다.", "The telephone side does not answer."];
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_unknown_ones_stay() {
        assert_eq!(fill("a {b} {c}", &[("b", "{c}")]), "a {c} {c}");
        assert_eq!(fill("open {", &[]), "open {");
    }

    #[test]
    fn both_languages_have_the_same_places() {
        let places = |text: &str| {
            let mut found: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
                .collect();
            found.sort();
            found
        };
        let (ko, en) = (STAFF[0].json(), STAFF[1].json());
        for (key, text) in ko.as_object().expect("an object") {
            let english = en[key].as_str().expect("a text");
            assert_eq!(
                places(text.as_str().expect("a text")),
                places(english),
                "{key}"
            );
        }
    }
}
