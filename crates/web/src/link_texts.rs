//! What is said about pages behind links, in the six languages of the city. Never a word that
//! staff see.

use crate::citizen_texts::LANGUAGES;
use crate::texts::words;

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Link {
    static LINK: [Link; 6] = [
        Link::of(0),
        Link::of(1),
        Link::of(2),
        Link::of(3),
        Link::of(4),
        Link::of(5),
    ];
    let at = LANGUAGES.iter().position(|known| *known == tag);
    &LINK[at.unwrap_or(1)]
}

/// How a citizen is asked for what only they know, by language.
pub(crate) fn questions() -> serde_json::Value {
    let question = |tag: &&str| {
        (
            (*tag).to_owned(),
            in_language(tag).json()["question"].take(),
        )
    };
    LANGUAGES
        .iter()
        .map(question)
        .collect::<serde_json::Map<_, _>>()
        .into()
}

words!(
    /// What a citizen reads of a link and behind it.
    Link, 6, {
    tag: ["ko", "en", "zh", "ja", "vi", "mn"];
    answer_line: [
        "답변에 개인정보가 있어 본인만 여는 페이지에 두었습니다: {url} ({date}까지)",
        "The answer holds personal data, so it is on a page that only you can open: {url} (until {date})",
        "答复含有个人信息，请在仅您本人可打开的页面查看：{url}（至 {date}）",
        "回答には個人情報が含まれるため、ご本人だけが開けるページに置きました：{url}（{date}まで）",
        "Câu trả lời có thông tin cá nhân nên nằm ở trang chỉ bạn mở được: {url} (đến {date})",
        "Хариуд хувийн мэдээлэл байгаа тул зөвхөн та нээх хуудсанд байна: {url} ({date} хүртэл)"];
    file_line: [
        "첨부 {name}: {url} ({date}까지)",
        "Attached {name}: {url} (until {date})",
        "附件 {name}：{url}（至 {date}）",
        "添付 {name}：{url}（{date}まで）",
        "Đính kèm {name}: {url} (đến {date})",
        "Хавсралт {name}: {url} ({date} хүртэл)"];
    question: [
        "휴대전화 번호 마지막 네 자리",
        "The last four digits of your phone number",
        "您手机号码的最后四位",
        "電話番号の下4桁",
        "Bốn số cuối điện thoại của bạn",
        "Утасны дугаарын сүүлийн дөрвөн орон"];
    title_answer: ["답변", "Your answer", "给您的答复", "ご回答", "Câu trả lời", "Таны хариу"];
    title_file: ["파일", "Your file", "您的文件", "ファイル", "Tệp của bạn", "Таны файл"];
    lead_answer: [
        "이 답변은 질문하신 분만 볼 수 있습니다. 본인만 아는 내용을 확인합니다.",
        "Only the person who asked may read this answer. Please show that it is you.",
        "此答复仅限提问者本人查看。请确认是您本人。",
        "この回答は質問されたご本人だけが読めます。ご本人であることを確認します。",
        "Chỉ người đã hỏi mới được đọc câu trả lời này. Vui lòng xác nhận đó là bạn.",
        "Энэ хариуг зөвхөн асуусан хүн уншина. Та мөн эсэхээ батална уу."];
    lead_file: [
        "상담사가 보낸 파일입니다.",
        "A counselor sent you this file.",
        "这是咨询员发给您的文件。",
        "相談員からのファイルです。",
        "Tư vấn viên đã gửi cho bạn tệp này.",
        "Зөвлөх танд энэ файлыг илгээсэн."];
    open_answer: ["답변 보기", "Show the answer", "查看答复", "回答を見る", "Xem câu trả lời", "Хариуг үзэх"];
    open_file: ["파일 열기", "Open the file", "打开文件", "ファイルを開く", "Mở tệp", "Файлыг нээх"];
    until: [
        "{date}까지 볼 수 있습니다.",
        "It can be read until {date}.",
        "可查看至 {date}。",
        "{date}まで見られます。",
        "Xem được đến {date}.",
        "{date} хүртэл үзэх боломжтой."];
    wrong: [
        "맞지 않습니다. 다시 확인해 주세요.",
        "That is not right. Please check and try again.",
        "不正确，请核对后重试。",
        "一致しません。もう一度確認してください。",
        "Không đúng. Vui lòng kiểm tra và thử lại.",
        "Буруу байна. Дахин шалгана уу."];
    locked: [
        "여러 번 틀려 닫혔습니다. 다시 문의해 주시면 다른 방법으로 알려 드립니다.",
        "It was shut after several wrong answers. Write to us again and we find another way.",
        "多次错误后已关闭。请再次联系我们，我们会用其他方式告知。",
        "何度か間違えたため閉じました。もう一度お問い合わせいただければ、別の方法でお知らせします。",
        "Đã bị khóa sau nhiều lần sai. Hãy viết lại cho chúng tôi, chúng tôi sẽ tìm cách khác.",
        "Хэд хэдэн удаа буруу оруулсан тул хаагдлаа. Дахин бичвэл өөр аргаар мэдэгдэнэ."];
    over: [
        "이 페이지의 기한이 지났습니다. 필요하시면 다시 문의해 주세요.",
        "The time of this page is over. Ask us again if you need it.",
        "此页面已过期。如有需要，请再次联系我们。",
        "このページの期限は過ぎました。必要でしたらもう一度お問い合わせください。",
        "Trang này đã hết hạn. Hãy hỏi lại nếu bạn cần.",
        "Энэ хуудасны хугацаа дууссан. Хэрэгтэй бол дахин асууна уу."];
    unknown: [
        "이런 페이지가 없습니다. 주소 전체를 열었는지 확인해 주세요.",
        "There is no such page. Please check that you opened the whole address.",
        "没有此页面。请确认您打开了完整的地址。",
        "このページはありません。アドレス全体を開いたか確認してください。",
        "Không có trang này. Vui lòng kiểm tra bạn đã mở đầy đủ địa chỉ.",
        "Ийм хуудас алга. Хаягийг бүтнээр нь нээсэн эсэхээ шалгана уу."];
    trouble: [
        "지금 열 수 없습니다. 잠시 뒤 다시 해 주세요.",
        "It cannot be opened right now. Please try again in a moment.",
        "暂时无法打开，请稍后再试。",
        "今は開けません。しばらくしてもう一度お試しください。",
        "Hiện không mở được. Vui lòng thử lại sau giây lát.",
        "Одоо нээх боломжгүй. Түр хүлээгээд дахин оролдоно уу."];
    languages: ["언어", "Languages", "语言", "言語", "Ngôn ngữ", "Хэл"];
    home: ["120 첫 화면", "The city's 120", "120 首页", "120 トップへ", "Trang 120", "120 нүүр хуудас"];
});
