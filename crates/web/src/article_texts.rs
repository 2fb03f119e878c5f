//! Every word about articles at the desk, in Korean and English, in one table. Never a word of
//! another page.

use crate::texts::words;

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Pane {
    static ARTICLES: [Pane; 2] = [Pane::of(0), Pane::of(1)];
    &ARTICLES[usize::from(tag != "ko")]
}

words!(
    /// What a counselor reads of articles beside the contact.
    Pane, 2, {
    articles: ["상담 정보", "Articles"];
    search: ["상담 정보 검색", "Search articles"];
    search_hint: ["쓰는 대로 찾습니다", "Found as you write"];
    none: ["맞는 상담 정보가 없습니다", "No article fits"];
    empty: ["아직 게시된 상담 정보가 없습니다", "No article is published yet"];
    building: [
        "검색 색인을 만드는 중입니다. 잠시 뒤에 찾을 수 있습니다.",
        "The index is being built. Articles are found in a moment."];
    failed: ["검색이 되지 않습니다. 다시 시도합니다.", "The search did not get through; trying again."];
    mean: ["혹시 이것을 찾으셨나요? {words}", "Did you mean {words}?"];
    overdue: ["확인 기한 지남", "Check overdue"];
    yellow: [
        "담당 부서가 제때 확인하지 않은 글입니다. 내용을 확인하고 안내하세요.",
        "Its unit has not assured this in time. Check before you tell it."];
    everywhere: ["공통", "All districts"];
    district: ["지역", "District"];
    district_next: ["다음 지역", "Next district"];
    district_before: ["이전 지역", "Previous district"];
    languages: ["언어", "Language"];
    details: ["자세한 내용", "Details"];
    documents: ["필요한 것", "What to bring"];
    fee: ["수수료", "Fee"];
    time: ["걸리는 시간", "Time"];
    office: ["창구", "Office"];
    telephone: ["전화", "Telephone"];
    owner: ["담당 {unit} · {day} 확인 · 개정 {n}", "Owner {unit} · assured {day} · revision {n}"];
    not_public: ["시민에게 보내지 않는 글입니다", "Not for citizens: it cannot be sent"];
    send: ["답으로 보내기", "Send"];
    used: ["안내함", "Used"];
    used_done: ["이 상담에서 사용함", "Used in this contact"];
    helped: ["도움 됨", "Helped"];
    unhelped: ["도움 안 됨", "Did not help"];
    sets: ["{what}(으)로 바꾸기", "Change to {what}"];
    filled: ["분류와 처리 결과를 채웠습니다", "Category and outcome are filled in"];
    shut: ["닫기", "Close"];
    send_now: ["⏎ 보내기 · Alt R 고치기", "⏎ sends · Alt R edits"];
    no_language: [
        "{wanted} 글이 없어 {language}(으)로 보냅니다.",
        "There is no text in {wanted}: this one is in {language}."];
    doubtful: ["이 번역: {standing}", "This translation: {standing}"];
    say_open: ["상담 정보: {title}. {answer}", "Article: {title}. {answer}"];
    text: ["문자로 보내기", "Text it"];
    text_none: ["문자를 보낼 회선이 없습니다", "There is no connection by which texts leave"];
    text_to: ["받는 번호", "To"];
    text_own: ["발신자 번호: {number}", "The caller's: {number}"];
    text_withheld: ["발신자 번호 없음: 휴대전화 번호 입력", "Withheld: type a mobile number"];
    text_hint: [
        "비워 두면 발신자 번호로 보냅니다. 다른 휴대전화 번호는 여기에 입력하세요.",
        "Left empty it goes to the caller's number. Type another mobile number here."];
    text_go: ["문자 보내기", "Send the text"];
    text_cancel: ["취소", "Cancel"];
    text_on_its_way: ["문자를 보내는 중입니다 ({parts}건)", "The text is on its way ({parts} parts)"];
    text_cut: [
        "답이 길어 줄였고, 전체 글의 주소를 함께 보냈습니다.",
        "The answer was cut; the address of the whole page went with it."];
    texts_sent: ["보낸 문자", "Texts to the caller"];
    text_line: ["{at} · {number} · {letters}자 · {fortune}", "{at} · {number} · {letters} letters · {fortune}"];
    r_text_number: [
        "휴대전화 번호가 아닙니다. 문자를 받을 수 있는 번호를 입력하세요.",
        "This is no mobile number. Type one that gets texts."];
    r_text_landline: [
        "발신자 번호로는 문자를 보낼 수 없습니다. 받을 휴대전화 번호를 입력하세요.",
        "The caller's number gets no texts. Type the mobile number that shall get it."];
    revision: ["개정 {n}", "revision {n}"];
    e_read: ["상담 정보를 안내함", "Article used"];
    e_sent: ["상담 정보를 보냄", "Article sent"];
    e_helped: ["상담 정보가 도움 됨", "Article helped"];
    e_unhelped: ["상담 정보가 도움 안 됨", "Article did not help"];

    k_search: ["상담 정보 검색으로", "Go to the search for articles"];
    k_open: ["상담 정보 열기", "Open an article"];
    k_district: ["열린 글의 지역 바꾸기", "Another district of the open article"];
    k_language: ["열린 글의 언어 바꾸기", "Another language of the open article"];
    k_send: [
        "열린 글을 시민의 언어로 보내기 (통화 중에는 문자로). Shift와 함께 누르면 바로 보냄",
        "Send the open article in the citizen's language (in a call as a text); with Shift at once"];
    k_used: ["열린 글을 안내함으로 기록", "Write down that the open article was used"];
    k_sets: ["글의 분류와 처리 결과로 바꾸기", "Take category and outcome of the article"];
    k_verdict: ["글이 도움 됨 / 안 됨", "It helped / it did not"];
});
