//! Every word of the library's pages, in Korean and English, in one table. Never a word of another
//! page.

use crate::texts::words;
use center::city::Language;
use center::knowledge::{Audience, Field, Flaw, Gap, LibraryEvent, Refusal, Season, Status};

/// The texts of the library in a language.
pub(crate) fn in_language(tag: &str) -> &'static Words {
    static WORDS: [Words; 2] = [Words::of(0), Words::of(1)];
    &WORDS[usize::from(tag != "ko")]
}

words!(
    /// What editors read.
    Words, 2, {
    library: ["상담 자료실", "Library"];
    lead: [
        "상담사와 시민이 찾는 답변입니다. 새 글은 담당 부서가 확인한 뒤에 공개됩니다.",
        "The answers that counselors and citizens find. Nothing new is read before its unit has looked at it."];
    articles: ["자료", "Articles"];
    article: ["자료", "Article"];
    new: ["새 자료", "New article"];
    notices: ["긴급 알림", "Flash notices"];
    gaps: ["빈틈", "Gaps"];
    comments: ["의견", "Comments"];
    import: ["가져오기", "Import"];
    export: ["내보내기", "Export"];
    synonym_table: ["동의어", "Synonyms"];
    export_lead: [
        "자료 전체를 한 파일로 받습니다. 동의어 표는 synonyms.csv에 있습니다.",
        "Every article in one file, whichever form you choose. The table of synonyms is synonyms.csv."];
    search: ["찾기", "Search"];
    show: ["보기", "Show"];
    clear: ["조건 지우기", "Clear"];
    in_titles: ["제목이나 코드", "Words of title or code"];
    state: ["상태", "State"];
    owner: ["담당 부서", "Owner unit"];
    no_address: ["메일 주소 없음", "no mail address"];
    season: ["계절", "Season"];
    language: ["언어", "Language"];
    category: ["분류", "Category"];
    outcome: ["처리 결과", "Outcome"];
    any: ["모두", "Any"];
    none: ["없음", "None"];
    only_drafts: ["공개되지 않은 수정이 있는 자료", "With a revision that is not published"];
    only_comments: ["처리하지 않은 의견이 있는 자료", "With comments to deal with"];
    standing: ["번역 상태", "Translation"];
    changed: ["바뀐 때", "Changed"];
    due: ["확인 기한", "Assure by"];
    assured: ["마지막 확인", "Last assured"];
    title: ["제목", "Title"];
    code: ["코드", "Code"];
    code_hint: [
        "영문 소문자, 숫자, 붙임표. 나중에 바꿀 수 없습니다.",
        "Letters a to z, digits and hyphens. It never changes."];
    nothing_found: ["조건에 맞는 자료가 없습니다.", "No article fits."];
    found: ["{n}건", "{n} articles"];
    found_more: ["{n}건, 더 있음", "{n} articles, and more"];
    next_page: ["다음", "Next"];
    first_page: ["처음", "First"];
    sample: ["예시 글", "Sample text"];
    sample_lead: [
        "하늘시는 가상의 도시입니다. 이 글은 예시이며 실제 안내가 아닙니다.",
        "Haneul is an invented city. This text is a sample and no real advice."];
    draft_waits: ["수정 중", "Being revised"];

    status_draft: ["작성 중", "Draft"];
    status_review: ["부서 확인 중", "In review"];
    status_scheduled: ["공개 예정", "Scheduled"];
    status_published: ["공개", "Published"];
    status_due: ["확인 요청됨", "Due for check"];
    status_overdue: ["확인 지연", "Overdue"];
    status_expired: ["기간 지남", "Expired"];
    status_hidden: ["시민에게 숨김", "Hidden from citizens"];
    status_retired: ["폐지", "Retired"];
    yellow_overdue: [
        "담당 부서가 기한 안에 확인하지 않았습니다. 내용이 달라졌을 수 있습니다.",
        "The owner unit did not assure this in time. It may not be right any more."];
    yellow_expired: [
        "유효 기간이 지났습니다. 내용이 달라졌을 수 있습니다.",
        "Its last valid day is over. It may not be right any more."];
    yellow_hidden: [
        "오래 확인되지 않아 시민에게는 보이지 않습니다.",
        "Nobody has assured this for long: citizens do not see it."];
    standing_human: ["사람이 씀", "By a person"];
    standing_unchecked: ["확인 전 번역", "Unchecked"];
    standing_older: ["원문보다 오래됨", "Older than its source"];
    standing_missing: ["없음", "Missing"];
    audience: ["보는 사람", "Readers"];
    audience_citizen: ["시민과 상담사", "Citizens and counselors"];
    audience_counselor: ["상담사만", "Counselors only"];
    season_spring: ["봄", "Spring"];
    season_summer: ["여름", "Summer"];
    season_autumn: ["가을", "Autumn"];
    season_winter: ["겨울", "Winter"];
    season_pack: ["{season} 자료 모음", "The {season} pack"];
    season_lead: [
        "계절이 오기 전에 담당 부서에 한꺼번에 확인을 요청합니다.",
        "Before the season begins, ask the owners of the whole pack to assure it."];
    season_ask: ["모두 확인 요청", "Ask for the whole pack"];
    season_asked: ["{n}건에 확인을 요청했습니다.", "{n} articles were asked for."];

    answer: ["답변 (두 문장까지, 소리 내어 읽는 글)", "Answer (two sentences at most, read aloud)"];
    answer_short: ["답변", "Answer"];
    details: ["자세한 내용", "Details"];
    details_hint: [
        "빈 줄로 문단을 나누고, “- ”로 시작하면 목록이 됩니다.",
        "An empty line parts paragraphs; lines that begin with “- ” are lists."];
    questions: ["다르게 묻는 말", "Other ways of asking"];
    synonyms: ["비슷한 말", "Words people say"];
    documents: ["필요한 서류", "Documents"];
    one_a_line: ["한 줄에 하나씩", "One a line"];
    fee: ["수수료", "Fee"];
    time: ["기간·시간", "Time"];
    office: ["장소", "Office"];
    telephone: ["전화", "Telephone"];
    text_state: ["누가 썼나", "Who answers for it"];
    confirmed: [
        "원문과 맞는지 지금 확인했습니다",
        "I have checked it against its source now"];
    source: ["원문 언어", "Source language"];
    district: ["자치구", "District"];
    all_districts: ["시 전체", "The whole city"];
    districts: ["자치구별 내용", "District variants"];
    variant_hint: [
        "다른 것만 쓰세요. 빈 칸은 시 전체와 같습니다.",
        "Write only what differs. What is empty is as everywhere."];
    facts: ["기본 정보", "Facts"];
    request_type: ["연결된 민원 종류", "Request type"];
    units: ["처리 부서", "Units in charge"];
    laws: ["근거 법령", "Law"];
    laws_hint: ["한 줄에 하나씩: 제목 | https://주소", "One a line: title | https://address"];
    sign_video: ["수어 영상 주소", "Sign-language video"];
    valid_from: ["시작일", "Valid from"];
    valid_until: ["종료일", "Valid until"];
    check_days: ["확인 주기 (일)", "Days between checks"];
    check_days_hint: ["비우면 {n}일", "Empty means {n} days"];
    reason: ["이유", "Reason"];
    reason_hint: ["무엇을 왜 바꾸었나요?", "What did you change, and why?"];
    save: ["초안으로 저장", "Save as draft"];
    create: ["초안 만들기", "Create draft"];
    cancel: ["취소", "Cancel"];
    edit_text: ["글 고치기", "Edit text"];
    translate: ["번역 쓰기", "Write translation"];
    edit_facts: ["기본 정보 고치기", "Edit facts"];
    letters_left: ["{n}자 남음", "{n} letters left"];
    base_changed: [
        "그 사이에 다른 사람이 고쳤습니다. 아래는 당신이 쓴 글이며 저장되지 않았습니다. 바뀐 내용을 확인하고 다시 저장하세요.",
        "Somebody else has changed it in the meantime. Below is what you wrote; it is not saved. Look at what changed, then save again."];
    see_changes: ["바뀐 내용 보기", "See what changed"];

    workflow: ["진행", "Workflow"];
    ask_review: ["부서 확인 요청", "Ask its unit to review"];
    send_back: ["돌려보내기", "Send back"];
    publish: ["공개하기", "Publish"];
    assure: ["내용이 맞음", "It is right"];
    ask_check: ["부서에 다시 확인 요청", "Ask its unit to assure it"];
    retire: ["폐지", "Retire"];
    restore: ["되살리기", "Bring back"];
    done: ["되었습니다.", "Done."];
    read_only: [
        "읽고 의견을 남길 수 있습니다. 고치는 것은 담당 부서와 편집자가 합니다.",
        "You may read and comment. Its owner unit and the editors change it."];
    readers_see: [
        "독자는 아직 {n}판을 봅니다. 최신은 {m}판입니다.",
        "Readers still see revision {n}. The latest is {m}."];
    flawed: [
        "이 글은 아직 공개할 수 없습니다.",
        "This text cannot be published yet."];
    revision: ["{n}판", "Revision {n}"];
    history: ["이력", "History"];
    history_lead: ["언제 누가 왜 무엇을 했는지", "Who did what, when and why"];
    compare: ["비교", "Compare"];
    compare_from: ["이전", "From"];
    compare_to: ["이후", "To"];
    no_difference: ["글이 같습니다.", "The texts are the same."];
    go_back_to: ["이 판으로 되돌리기", "Go back to this revision"];
    go_back_lead: [
        "되돌리면 새 초안이 됩니다. 공개는 따로 합니다.",
        "Going back makes a new draft. Publishing is another step."];
    removed: ["지운 글", "Removed"];
    added: ["더한 글", "Added"];
    used: ["상담에서 {n}번 사용", "Used in {n} contacts"];
    helped: ["도움 됨 {yes} · 안 됨 {no}", "Helped {yes}, did not {no}"];
    house: ["시스템", "The house"];

    comment_add: ["담당자에게 의견 보내기", "Tell the owner"];
    comment_hint: [
        "틀린 곳이나 빠진 것을 적어 주세요. 시민의 이름이나 번호는 쓰지 마세요.",
        "What is wrong or missing? No names or numbers of citizens, please."];
    comment_send: ["보내기", "Send"];
    comment_none: ["의견이 없습니다.", "No comments."];
    comment_settle: ["처리함", "Dealt with"];
    comment_answer: ["답", "Answer"];
    comment_contact: ["상담 번호", "Contact"];
    erased: ["(지워짐)", "(erased)"];

    notice_text: ["알림 글", "Text"];
    notice_lead: [
        "지금 모두가 알아야 할 일입니다. 몇 초 안에 모든 데스크와 누리집에 나타나고 때가 되면 스스로 사라집니다.",
        "What everybody must know now. It is on every desk and the site within seconds, and ends by itself."];
    notice_from: ["시작", "From"];
    notice_until: ["끝", "Until"];
    notice_raise: ["알리기", "Show it"];
    notice_end: ["지금 끝내기", "End now"];
    notice_article: ["자세한 자료의 코드", "Code of the article that says more"];
    notice_prompt: ["전화 안내에 넣을 소리 이름", "Name of the sound callers hear"];
    notice_prompt_hint: [
        "prompts 폴더에 있는 소리. 비우면 전화에서는 나오지 않습니다.",
        "A sound in the folder of prompts. Empty means that callers hear nothing."];
    notice_live: ["보이는 중", "Shown now"];
    notice_later: ["예정", "Later"];
    notice_over: ["끝남", "Over"];
    notice_none: ["알림이 없습니다.", "No notices."];
    notice_need_text: ["도시의 언어로 된 글이 필요합니다.", "A text in the city's own language is needed."];

    gaps_lead: [
        "자료실이 답하지 못한 것들입니다. 많이 놓친 것부터 보입니다.",
        "What the library does not answer, most often missed first."];
    gap_no_click: ["찾았지만 아무것도 열지 않음", "Searched, nothing opened"];
    gap_no_help: ["읽었지만 도움 안 됨", "Read, did not help"];
    gap_no_article: ["상담은 있는데 자료가 없는 분류", "Contacts whose category has no article"];
    gap_about: ["무엇", "What"];
    gap_times: ["횟수", "Times"];
    gap_last: ["마지막", "Last"];
    gap_settle: ["처리함", "Dealt with"];
    gap_none: ["빈틈이 없습니다.", "No gaps."];
    gap_days: ["최근 {n}일", "last {n} days"];
    gap_write: ["자료 쓰기", "Write an article"];

    import_lead: [
        "CSV, HSDS(JSON), HTML, TOML 파일을 읽어 먼저 보여 드립니다. 가져온 것은 모두 초안이며 공개되지 않습니다.",
        "Reads CSV, HSDS (JSON), HTML and TOML and shows what it found first. All of it becomes drafts; nothing is published."];
    import_file: ["파일", "File"];
    import_hint: ["10 MB까지", "Up to 10 MB"];
    import_owner: ["파일에 없을 때 담당 부서", "Owner unit where the file names none"];
    import_category: ["파일에 없을 때 분류", "Category where the file names none"];
    import_language: ["글의 언어", "Language of the texts"];
    import_read: ["읽고 미리 보기", "Read and preview"];
    import_preview: ["미리 보기", "Preview"];
    import_new: ["새 자료", "New"];
    import_changed: ["새 수정", "New revision"];
    import_same: ["같음", "As it is"];
    import_refused: ["가져올 수 없음", "Cannot be taken"];
    import_go: ["초안 {n}건 만들기", "Make {n} drafts"];
    import_none: ["가져올 것이 없습니다.", "There is nothing to take."];
    import_gone: [
        "미리 보기가 사라졌습니다. 파일을 다시 올리세요.",
        "The preview is gone. Choose the file again."];
    import_too_big: ["파일이 10 MB보다 큽니다.", "The file is larger than 10 MB."];
    import_no_file: ["파일을 고르세요.", "Choose a file."];
    import_done: ["초안 {n}건을 만들었습니다.", "{n} drafts were made."];
    import_left: ["{n}건은 만들지 못했습니다.", "{n} could not be made."];
    import_place: ["위치", "Where"];
    import_what: ["문제", "What"];
    import_twice: ["이 코드는 파일에 두 번 있습니다", "this code is in the file twice"];
    import_flaws: ["읽지 못한 것", "What could not be read"];
    too_big: [
        "보낸 글이 너무 길어 받지 못했습니다. 브라우저의 뒤로 가기를 누르면 쓴 글이 남아 있습니다.",
        "What you sent is too long and was not taken. Your browser's Back brings you to what you wrote."];

    flaw_missing_title: ["제목이 없습니다", "The title is missing"];
    flaw_missing_answer: ["답변이 없습니다", "The answer is missing"];
    flaw_sentences: ["답변이 두 문장보다 깁니다", "The answer has more than two sentences"];
    flaw_too_long: ["너무 깁니다", "This is too long"];

    r_unknown: ["그런 자료가 없습니다.", "There is no such thing in the library."];
    r_not_allowed: ["이 일을 할 권한이 없습니다.", "You may not do this."];
    r_wrong_state: ["지금 상태에서는 할 수 없습니다.", "This cannot be done in its present state."];
    r_unchanged: ["바뀐 것이 없습니다.", "Nothing is changed."];
    r_bad_code: ["코드는 영문 소문자, 숫자, 붙임표로 씁니다.", "A code is letters a to z, digits and hyphens."];
    r_code_taken: ["이 코드는 이미 쓰이고 있습니다.", "Another article has this code."];
    r_bad_category: ["고를 수 있는 분류가 아닙니다.", "Choose a finest category."];
    r_bad_outcome: ["그런 처리 결과가 없습니다.", "There is no such outcome."];
    r_bad_unit: ["그런 부서가 없습니다.", "There is no such unit."];
    r_bad_district: ["그런 자치구가 없습니다.", "There is no such district."];
    r_bad_address: ["http 또는 https 주소가 아닙니다.", "This is no http or https address."];
    r_bad_time: ["끝이 시작보다 앞서거나 너무 깁니다.", "It ends before it begins, or lasts too long."];
    r_bad_prompt: ["소리 이름은 영문, 숫자, 밑줄로 씁니다.", "A sound's name is letters, digits and underscores."];
    r_bad_language: ["이 언어로는 쓸 수 없습니다.", "No article is written in this language."];
    r_too_long: ["글이 너무 깁니다.", "A text is too long."];
    r_no_source: ["원문이 없습니다.", "The text in the article's own language is missing."];
    r_flawed: [
        "제목이나 답변이 없거나 답변이 두 문장보다 깁니다.",
        "A text has no title or answer, or an answer of more than two sentences."];
    r_no_reason: ["이유를 써 주세요.", "It needs a reason."];
    r_too_many: ["너무 많습니다.", "There are too many already."];
    r_no_word: ["말과 뜻을 모두 쓰세요.", "Write the word and what it means."];
    r_word_taken: ["이 말은 이미 표에 있습니다.", "The table has this word already."];
    r_unwritten: ["지금은 저장할 수 없습니다. 잠시 뒤 다시 시도하세요.", "It cannot be saved right now. Try again in a moment."];

    e_drafted: ["만듦", "Created"];
    e_revised: ["고침", "Revised"];
    e_back_to: ["{n}판으로 되돌림", "Back to revision {n}"];
    e_review_asked: ["부서 확인 요청", "Review asked"];
    e_sent_back: ["돌려보냄", "Sent back"];
    e_published: ["공개", "Published"];
    e_check_asked: ["다시 확인 요청, 기한 {day}", "Check asked, until {day}"];
    e_assured: ["내용 확인", "Assured"];
    e_passed: ["상태: {state}", "State: {state}"];
    e_retired: ["폐지", "Retired"];
    e_restored: ["되살림", "Brought back"];
    e_commented: ["의견 {n}", "Comment {n}"];
    e_settled: ["의견 {n} 처리", "Comment {n} dealt with"];
});

impl Words {
    /// A state.
    pub(crate) fn status(&self, status: Status) -> &'static str {
        match status {
            Status::Draft => self.status_draft,
            Status::Review => self.status_review,
            Status::Scheduled => self.status_scheduled,
            Status::Published => self.status_published,
            Status::Due => self.status_due,
            Status::Overdue => self.status_overdue,
            Status::Expired => self.status_expired,
            Status::Hidden => self.status_hidden,
            Status::Retired => self.status_retired,
        }
    }

    /// Why a reader is warned; empty when there is no reason.
    pub(crate) fn yellow(&self, status: Status) -> &'static str {
        match status {
            Status::Overdue => self.yellow_overdue,
            Status::Expired => self.yellow_expired,
            Status::Hidden => self.yellow_hidden,
            _ => "",
        }
    }

    /// How a language stands.
    pub(crate) fn standing(&self, code: &str) -> &'static str {
        match code {
            "human" => self.standing_human,
            "unchecked" => self.standing_unchecked,
            "older" => self.standing_older,
            _ => self.standing_missing,
        }
    }

    /// Readers.
    pub(crate) fn audience(&self, audience: Audience) -> &'static str {
        match audience {
            Audience::Citizen => self.audience_citizen,
            Audience::Counselor => self.audience_counselor,
        }
    }

    /// A season.
    pub(crate) fn season(&self, season: Season) -> &'static str {
        match season {
            Season::Spring => self.season_spring,
            Season::Summer => self.season_summer,
            Season::Autumn => self.season_autumn,
            Season::Winter => self.season_winter,
        }
    }

    /// A kind of gap.
    pub(crate) fn gap(&self, gap: Gap) -> &'static str {
        match gap {
            Gap::NoClick => self.gap_no_click,
            Gap::NoHelp => self.gap_no_help,
            Gap::NoArticle => self.gap_no_article,
        }
    }

    /// What is wrong with a text.
    pub(crate) fn flaw(&self, flaw: Flaw) -> String {
        match flaw {
            Flaw::Missing(Field::Title) => self.flaw_missing_title.to_owned(),
            Flaw::Missing(_) => self.flaw_missing_answer.to_owned(),
            Flaw::Sentences => self.flaw_sentences.to_owned(),
            Flaw::TooLong(field) => format!("{}: {}", self.field(field), self.flaw_too_long),
        }
    }

    /// A field.
    pub(crate) fn field(&self, field: Field) -> &'static str {
        match field {
            Field::Title => self.title,
            Field::Questions => self.questions,
            Field::Synonyms => self.synonyms,
            Field::Answer => self.answer_short,
            Field::Details => self.details,
            Field::Documents => self.documents,
            Field::Fee => self.fee,
            Field::Time => self.time,
            Field::Office => self.office,
            Field::Telephone => self.telephone,
            Field::Variants => self.districts,
        }
    }

    /// Why something was refused.
    pub(crate) fn refusal(&self, refusal: Refusal) -> &'static str {
        match refusal {
            Refusal::Unknown => self.r_unknown,
            Refusal::NotAllowed => self.r_not_allowed,
            Refusal::WrongState => self.r_wrong_state,
            Refusal::Stale => self.base_changed,
            Refusal::Unchanged => self.r_unchanged,
            Refusal::BadCode => self.r_bad_code,
            Refusal::CodeTaken => self.r_code_taken,
            Refusal::BadCategory => self.r_bad_category,
            Refusal::BadOutcome => self.r_bad_outcome,
            Refusal::BadUnit => self.r_bad_unit,
            Refusal::BadDistrict => self.r_bad_district,
            Refusal::BadAddress => self.r_bad_address,
            Refusal::BadTime => self.r_bad_time,
            Refusal::BadPrompt => self.r_bad_prompt,
            Refusal::BadLanguage => self.r_bad_language,
            Refusal::TooLong => self.r_too_long,
            Refusal::NoSource => self.r_no_source,
            Refusal::Flawed => self.r_flawed,
            Refusal::NoReason => self.r_no_reason,
            Refusal::TooMany => self.r_too_many,
            Refusal::NoWord => self.r_no_word,
            Refusal::WordTaken => self.r_word_taken,
        }
    }

    /// What happened, in a few words.
    pub(crate) fn event(&self, event: &LibraryEvent) -> String {
        let fill =
            |text: &str, key: &str, value: String| crate::texts::fill(text, &[(key, &value)]);
        match event {
            LibraryEvent::Drafted { .. } => self.e_drafted.to_owned(),
            LibraryEvent::Revised {
                back_to: Some(to), ..
            } => fill(self.e_back_to, "n", to.to_string()),
            LibraryEvent::Revised { .. } => self.e_revised.to_owned(),
            LibraryEvent::ReviewAsked { .. } => self.e_review_asked.to_owned(),
            LibraryEvent::SentBack { .. } => self.e_sent_back.to_owned(),
            LibraryEvent::Published { .. } => self.e_published.to_owned(),
            LibraryEvent::CheckAsked { due, .. } => {
                fill(self.e_check_asked, "day", due.to_string())
            }
            LibraryEvent::Assured { .. } => self.e_assured.to_owned(),
            LibraryEvent::StatusPassed { status, .. } => {
                fill(self.e_passed, "state", self.status(*status).to_owned())
            }
            LibraryEvent::Retired { .. } => self.e_retired.to_owned(),
            LibraryEvent::Restored { .. } => self.e_restored.to_owned(),
            LibraryEvent::Commented { comment, .. } => {
                fill(self.e_commented, "n", comment.to_string())
            }
            LibraryEvent::CommentSettled { comment, .. } => {
                fill(self.e_settled, "n", comment.to_string())
            }
            LibraryEvent::Rated { .. }
            | LibraryEvent::Used { .. }
            | LibraryEvent::Missed { .. }
            | LibraryEvent::GapSettled { .. }
            | LibraryEvent::NoticeRaised { .. }
            | LibraryEvent::UnitAsked { .. }
            | LibraryEvent::UnitReached { .. }
            | LibraryEvent::NoticeEnded { .. }
            | LibraryEvent::SynonymSet { .. }
            | LibraryEvent::SynonymRemoved { .. }
            | LibraryEvent::WordsErased { .. } => String::new(),
        }
    }
}

/// The languages of articles with their own names, in the order of their tabs.
pub(crate) const OWN_NAMES: [(Language, &str); 6] = [
    (Language::Ko, "한국어"),
    (Language::En, "English"),
    (Language::Zh, "中文"),
    (Language::Ja, "日本語"),
    (Language::Vi, "Tiếng Việt"),
    (Language::Mn, "Монгол"),
];

/// A language by its own name.
pub(crate) fn own_name(language: Language) -> &'static str {
    let found = OWN_NAMES.iter().find(|(one, _)| *one == language);
    found.map_or("", |(_, name)| name)
}
