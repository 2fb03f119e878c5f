//! Every word of the citizens' search and articles in six languages. Never an article's text.

use crate::citizen_texts::LANGUAGES;
use crate::texts::words;

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Words {
    static WORDS: [Words; 6] = [
        Words::of(0),
        Words::of(1),
        Words::of(2),
        Words::of(3),
        Words::of(4),
        Words::of(5),
    ];
    let at = LANGUAGES.iter().position(|known| *known == tag);
    &WORDS[at.unwrap_or(1)]
}

words!(
    /// What a reader of articles reads around them.
    Words, 6, {
    tag: ["ko", "en", "zh", "ja", "vi", "mn"];
    skip: [
        "본문으로 건너뛰기",
        "Skip to the content",
        "跳到正文",
        "本文へ移動",
        "Đến nội dung chính",
        "Үндсэн хэсэг рүү очих"];
    search_label: [
        "무엇이 궁금하세요?",
        "What would you like to know?",
        "您想了解什么？",
        "何を知りたいですか？",
        "Bạn muốn biết điều gì?",
        "Та юу мэдэхийг хүсэж байна вэ?"];
    search_hint: [
        "질문이나 낱말을 적으세요. 예: 수도 요금, 대형 폐기물",
        "A question or a few words, such as: water bill, old furniture",
        "请输入问题或词语，例如：水费、大件垃圾",
        "質問や言葉を入れてください。例：水道料金、粗大ごみ",
        "Một câu hỏi hoặc vài từ, ví dụ: tiền nước, đồ cũ cồng kềnh",
        "Асуулт эсвэл хэдэн үг бичнэ үү. Жишээ: усны төлбөр, хуучин тавилга"];
    search: ["찾기", "Search", "搜索", "検索", "Tìm", "Хайх"];
    search_title: ["찾기", "Search", "搜索", "検索", "Tìm kiếm", "Хайлт"];
    district: [
        "사는 곳", "Your district", "所在区", "お住まいの区", "Quận của bạn", "Таны дүүрэг"];
    whole_city: ["시 전체", "Whole city", "全市", "市全体", "Cả thành phố", "Бүх хот"];
    show: ["보기", "Show", "查看", "表示", "Xem", "Харах"];
    found: [
        "“{q}”에 대한 답 {n}건",
        "Answers to “{q}”: {n}",
        "“{q}”的答案：{n} 条",
        "「{q}」の答え：{n}件",
        "Câu trả lời cho “{q}”: {n}",
        "“{q}” гэсэн хайлтын хариулт: {n}"];
    nothing: [
        "“{q}”에 맞는 답이 없습니다.",
        "There is no answer to “{q}” yet.",
        "暂时没有“{q}”的答案。",
        "「{q}」の答えはまだありません。",
        "Chưa có câu trả lời cho “{q}”.",
        "“{q}” гэсэн хайлтад хариулт алга."];
    nothing_hint: [
        "다른 낱말로 찾거나 아래에서 상담사에게 바로 물어보세요. 적은 질문이 그대로 전해집니다.",
        "Try other words, or ask a counselor below. Your question goes along.",
        "请换个词，或在下方询问咨询员。您的问题会一并转达。",
        "別の言葉で探すか、下から相談員に聞いてください。質問はそのまま伝わります。",
        "Hãy thử từ khác hoặc hỏi tư vấn viên bên dưới. Câu hỏi của bạn được chuyển theo.",
        "Өөр үгээр хайх эсвэл доороос зөвлөхөөс асууна уу. Таны асуулт хамт дамжина."];
    meant: [
        "이것을 찾으셨나요?",
        "Did you mean:",
        "您要找的是不是：",
        "もしかして：",
        "Có phải bạn muốn tìm:",
        "Та үүнийг хэлэх гэсэн үү:"];
    trouble: [
        "지금은 찾을 수 없습니다. 상담사에게 물어보세요.",
        "The search does not work right now. Please ask a counselor.",
        "现在无法搜索，请询问咨询员。",
        "いまは検索できません。相談員にお聞きください。",
        "Hiện không tìm được. Vui lòng hỏi tư vấn viên.",
        "Одоогоор хайлт ажиллахгүй байна. Зөвлөхөөс асууна уу."];
    building: [
        "지금 검색을 준비하고 있습니다. 잠시 뒤 이 화면이 저절로 다시 찾습니다.",
        "The search is being made ready. This page searches again by itself in a few seconds.",
        "搜索正在准备中。几秒后本页会自动重新搜索。",
        "検索を準備しています。数秒後にこのページが自動でもう一度検索します。",
        "Đang chuẩn bị tìm kiếm. Trang này sẽ tự tìm lại sau vài giây.",
        "Хайлтыг бэлтгэж байна. Хэдэн секундийн дараа энэ хуудас өөрөө дахин хайна."];
    partly: [
        "검색을 준비하고 있어 아직 모든 답이 나오지 않습니다.",
        "The search is still being made ready: not every answer is found yet.",
        "搜索仍在准备中，部分答案暂时找不到。",
        "検索を準備中のため、まだ見つからない答えがあります。",
        "Tìm kiếm vẫn đang được chuẩn bị nên chưa hiện đủ câu trả lời.",
        "Хайлтыг бэлтгэж байгаа тул бүх хариулт хараахан гарахгүй."];
    browse: [
        "분야별로 보기",
        "All answers by topic",
        "按主题查看",
        "分野別に見る",
        "Xem theo chủ đề",
        "Сэдвээр үзэх"];
    back: [
        "모든 분야", "All topics", "全部主题", "すべての分野", "Mọi chủ đề", "Бүх сэдэв"];
    next: ["다음", "Next", "下一页", "次へ", "Trang sau", "Дараах"];
    previous: ["이전", "Previous", "上一页", "前へ", "Trang trước", "Өмнөх"];
    empty: [
        "아직 안내가 없습니다.",
        "There are no answers here yet.",
        "这里还没有内容。",
        "まだ案内はありません。",
        "Chưa có nội dung.",
        "Одоогоор мэдээлэл алга."];
    documents: [
        "준비물", "What to bring", "所需材料", "必要なもの", "Cần mang theo", "Бүрдүүлэх зүйл"];
    fee: ["비용", "Cost", "费用", "費用", "Lệ phí", "Төлбөр"];
    time: ["시간", "Time", "时间", "時間", "Thời gian", "Хугацаа"];
    office: ["장소", "Place", "地点", "場所", "Địa điểm", "Газар"];
    telephone: ["전화", "Telephone", "电话", "電話", "Điện thoại", "Утас"];
    law: ["근거 법령", "Law", "法律依据", "根拠法令", "Căn cứ pháp luật", "Хууль"];
    sign_video: [
        "수어 영상",
        "Video in sign language",
        "手语视频",
        "手話動画",
        "Video ngôn ngữ ký hiệu",
        "Дохионы хэлний бичлэг"];
    unit: ["담당", "In charge", "负责部门", "担当", "Phụ trách", "Хариуцах"];
    assured: [
        "마지막 확인",
        "Last confirmed",
        "最近确认",
        "最終確認",
        "Xác nhận lần cuối",
        "Сүүлд баталгаажуулсан"];
    until: [
        "이 안내는 {day}까지였습니다. 지금은 다를 수 있으니 상담사에게 확인하세요.",
        "This was valid until {day}. It may be different now: please ask a counselor.",
        "此内容有效期至 {day}，现在可能已变化，请向咨询员确认。",
        "この案内は {day} までのものです。変わっている場合がありますので、相談員にご確認ください。",
        "Thông tin này có hiệu lực đến {day}. Hiện có thể đã khác, hãy hỏi tư vấn viên.",
        "Энэ мэдээлэл {day} хүртэл хүчинтэй байсан. Одоо өөр байж болох тул зөвлөхөөс лавлана уу."];
    overdue: [
        "담당 부서의 확인이 늦어지고 있습니다. 중요한 일은 상담사에게 확인하세요.",
        "The office has not confirmed this in time. Please ask a counselor before you rely on it.",
        "负责部门尚未按时确认此内容，重要事项请向咨询员确认。",
        "担当部署の確認が遅れています。大切なことは相談員にご確認ください。",
        "Cơ quan phụ trách chưa xác nhận kịp. Việc quan trọng hãy hỏi tư vấn viên.",
        "Хариуцсан газар хугацаанд нь баталгаажуулаагүй. Чухал бол зөвлөхөөс лавлана уу."];
    unchecked: [
        "기계가 번역했고 아직 사람이 확인하지 않았습니다. 기준은 {source} 글입니다.",
        "Translated by a machine; nobody has checked it yet. What counts is the text in {source}.",
        "由机器翻译，尚未经人工核对，以{source}原文为准。",
        "機械翻訳で、まだ人が確認していません。基準は{source}の文です。",
        "Do máy dịch, chưa có người kiểm tra. Bản {source} là bản chính.",
        "Машинаар орчуулсан, хүн шалгаагүй байна. {source} эх нь үндсэн болно."];
    older: [
        "이 번역 뒤에 {source} 글이 바뀌었습니다. 기준은 {source} 글입니다.",
        "The text in {source} was changed after this translation. What counts is the text in {source}.",
        "此译文之后{source}原文有改动，以{source}原文为准。",
        "この翻訳のあとに{source}の文が変わりました。基準は{source}の文です。",
        "Bản {source} đã thay đổi sau bản dịch này. Bản {source} là bản chính.",
        "Энэ орчуулгын дараа {source} эх өөрчлөгдсөн. {source} эх нь үндсэн болно."];
    missing: [
        "아직 {language} 글이 없어 {source} 글을 보여 드립니다. 상담사는 {language}로도 답합니다.",
        "There is no text in {language} yet: this is the one in {source}. Counselors answer in {language}, too.",
        "尚无{language}版本，以下为{source}原文。咨询员可用{language}回答。",
        "{language}の文はまだありません。{source}の文を表示しています。相談員は{language}でもお答えします。",
        "Chưa có bản {language}, đây là bản {source}. Tư vấn viên cũng trả lời bằng {language}.",
        "{language} хувилбар хараахан алга, {source} эхийг үзүүлж байна. Зөвлөх {language} хэлээр ч хариулна."];
    read_source: [
        "{source} 글 보기",
        "Read it in {source}",
        "查看{source}原文",
        "{source}で読む",
        "Đọc bản {source}",
        "{source} эхийг унших"];
    in_district: [
        "{district} 안내입니다.",
        "This is for {district}.",
        "以下为{district}的内容。",
        "{district}の案内です。",
        "Đây là nội dung cho {district}.",
        "Энэ нь {district}-д хамаарна."];
    helped: [
        "도움이 되었나요?",
        "Did this help?",
        "有帮助吗？",
        "役に立ちましたか？",
        "Thông tin này có ích không?",
        "Энэ тус болсон уу?"];
    yes: ["예", "Yes", "有", "はい", "Có", "Тийм"];
    no: ["아니요", "No", "没有", "いいえ", "Không", "Үгүй"];
    thanks: [
        "알려 주셔서 고맙습니다.",
        "Thank you for telling us.",
        "谢谢您的反馈。",
        "お知らせいただきありがとうございます。",
        "Cảm ơn bạn đã cho biết.",
        "Хэлсэнд баярлалаа."];
    sorry: [
        "고맙습니다. 담당자가 이 글을 다시 봅니다. 답이 필요하면 아래에서 바로 물어보세요.",
        "Thank you. Somebody will look at this text again. If you need an answer, ask below.",
        "谢谢。我们会重新检查此内容。如需答案，请在下方提问。",
        "ありがとうございます。この案内を見直します。答えが必要なら下からお聞きください。",
        "Cảm ơn bạn. Chúng tôi sẽ xem lại nội dung này. Nếu cần trả lời, hãy hỏi bên dưới.",
        "Баярлалаа. Бид энэ мэдээллийг дахин үзнэ. Хариулт хэрэгтэй бол доороос асууна уу."];
    ask: [
        "상담사에게 물어보기",
        "Ask a counselor",
        "询问咨询员",
        "相談員に聞く",
        "Hỏi tư vấn viên",
        "Зөвлөхөөс асуух"];
    question: ["질문", "Your question", "您的问题", "質問", "Câu hỏi của bạn", "Таны асуулт"];
    by_chat: ["채팅으로", "By chat", "在线聊天", "チャットで", "Bằng chat", "Чатаар"];
    by_form: [
        "글로 남기기", "In writing", "书面提交", "文章で送る", "Gửi bằng văn bản", "Бичгээр"];
    by_call: [
        "이 화면에서 전화로",
        "By a call from this page",
        "从本页面拨打电话",
        "このページから電話で",
        "Gọi từ trang này",
        "Энэ хуудаснаас залгаж"];
    by_phone: [
        "전화 {number}",
        "Telephone {number}",
        "电话 {number}",
        "電話 {number}",
        "Điện thoại {number}",
        "Утас {number}"];
    carried: [
        "상담사에게 물어볼 내용",
        "What you want to ask",
        "您要询问的内容",
        "相談員に聞くこと",
        "Điều bạn muốn hỏi",
        "Таны асуух зүйл"];
    gone_title: [
        "더 이상 쓰지 않는 안내입니다",
        "This answer is no longer in use",
        "此内容已停用",
        "この案内は終了しました",
        "Nội dung này không còn dùng",
        "Энэ мэдээллийг ашиглахаа больсон"];
    gone: [
        "담당 부서가 이 안내를 내렸습니다. 새 안내를 찾거나 상담사에게 물어보세요.",
        "The office in charge has taken it back. Search for a newer one, or ask a counselor.",
        "负责部门已撤下此内容。请搜索新的内容或询问咨询员。",
        "担当部署が取り下げました。新しい案内を検索するか、相談員にお聞きください。",
        "Cơ quan phụ trách đã gỡ nội dung này. Hãy tìm nội dung mới hoặc hỏi tư vấn viên.",
        "Хариуцсан газар үүнийг буулгасан. Шинийг хайх эсвэл зөвлөхөөс асууна уу."];
    unknown_title: [
        "그런 안내가 없습니다",
        "There is no such answer",
        "没有此内容",
        "その案内はありません",
        "Không có nội dung này",
        "Ийм мэдээлэл алга"];
    unknown: [
        "주소가 바뀌었거나 아직 공개되지 않았을 수 있습니다. 아래에서 찾거나 상담사에게 물어보세요.",
        "The address may have changed. Search below, or ask a counselor.",
        "地址可能已更改。请在下方搜索，或询问咨询员。",
        "アドレスが変わったのかもしれません。下から検索するか、相談員にお聞きください。",
        "Địa chỉ có thể đã đổi. Hãy tìm bên dưới hoặc hỏi tư vấn viên.",
        "Хаяг өөрчлөгдсөн байж болно. Доороос хайх эсвэл зөвлөхөөс асууна уу."];
    feed_title: [
        "{city} 안내의 변경",
        "Changes of the answers of {city}",
        "{city} 内容更新",
        "{city} 案内の更新",
        "Thay đổi nội dung của {city}",
        "{city} мэдээллийн өөрчлөлт"];
});
