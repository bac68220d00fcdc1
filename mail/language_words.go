package mail

import (
	"strings"
	"sync"
)

// functionWords are words that hardly any sentence of a language lacks, those
// first that few other languages have. They tell the language of texts that are
// too short for statistics of letters, and of texts without accents.
var functionWords = sync.OnceValue(func() map[string]uint32 {
	set := make(map[string]uint32, 1200)
	for i, l := range worded {
		for _, w := range strings.Fields(l.words) {
			set[w] |= 1 << i
		}
	}
	return set
})

// worded lists the languages that are told by their words. The table is never
// written.
var worded = [...]struct{ lang, words string }{
	{"en", "the and you your for that this with are have will from was not but they what can our all been has would there their which if when we my about please more any who at be by or of is it on as an out up do so me us them he his she her see let just than then how to in"},
	{"de", "der die das und ist ich nicht ein eine einen einem einer zu mit sie es auf für von den dem im sich wir haben werden auch als an aus bei oder wie uns ihre ihr ihnen sind wird nach wenn noch nur kann vom zum zur über aber dass bitte"},
	{"fr", "le la les des est une un et vous pour dans que qui nous avec sur votre pas ce cette au aux du par je sont mais plus ou vos être ont son sa ses notre tout merci il elle ne se en c'est"},
	{"es", "el los las ha han fue ser si desde que una un para con por del se su como más pero sus le ya este sí porque esta entre cuando muy sin sobre también me hasta hay donde todo nos usted está es lo al y la de gracias"},
	{"pt", "não uma um para com que os as do da dos das em no na por mais como mas ao sua seu se foi você ou quando muito nos já está também pelo pela isso são ele é os obrigado"},
	{"it", "il che di la un una per non con del della sono gli le da si nel alla come più anche ma questo questa ha dei delle al ci è lo i nella vostro suo cui grazie essere"},
	{"sv", "och att det som på är av för den med till inte om ett har jag men vi från du kan så när var din ditt här eller din alla ska från"},
	{"da", "og at det er som på af for den med til ikke om et har jeg men vi fra du kan så når var din dit her eller alle skal blev hvad"},
	{"no", "og at det er som på av for den med til ikke om et har jeg men vi fra du kan så når var din ditt her eller alle skal ble hva"},
	{"fi", "ja on ei se että joka ovat oli mutta kun tai niin myös jos hän ole vain mitä kuin sen me te tämä voi sinun nyt"},
	{"pl", "i w na nie się do to jest że z o jak ale po co tak za od przez dla są czy lub oraz tym już być pan ze proszę"},
	{"cs", "a se na je že v to s z do o jak ale za by po jsem co tak od pro jsou nebo také už být jako když bude při"},
	{"hu", "a az és hogy nem is egy ez van de meg csak már még ha vagy mint lesz el ezt volt fel kell kérjük önnek"},
	{"ro", "și în de la cu pe nu este un o care din pentru mai că să sunt ce au dar ca fi sau prin al ale această acest"},
	{"tr", "ve bir bu için ile de da çok ne olarak daha gibi olan kadar var ama sonra her mi siz en değil ya lütfen ben"},
	{"nl", "de het een en van ik te dat die in niet zijn is op aan met voor er maar om dan zou wat uw wij ook naar bij deze wordt kunt als u jij"},
	{"hr", "je i u se na da za su od s ne što kao koji ili biti ako nije sam će bi već samo kako"},
	{"ca", "el la els les i que per amb una un no és del dels són més però com aquest aquesta al seu ha us"},
	{"et", "ja on ei et see ka kui oma mis aga või ma ta oli siis kes veel meie teie"},
	{"lt", "ir kad yra su iš tai į kaip bet nuo ar tik per už jūsų mes taip buvo"},
	{"lv", "un ir ka ar no par uz tas bet kā vai lai jūsu mēs tikai nav šo"},
	{"sl", "je in se na da za so od ne ki kot ali bi če tudi pa ni po sem ter"},
	{"vi", "và của là có cho không được các trong một người với đã này những để bạn tôi"},
	{"id", "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena adalah anda"},
}

// byFunctionWords returns the language with the most of its function words
// among the given ones, each counted once, how many that are, and how many the
// next language has.
func byFunctionWords(words []Word) (lang string, hits, second int) {
	const most = 400 // words that are looked at
	known := functionWords()
	seen := make(map[string]bool, 64)
	var counts [len(worded)]int
	for _, w := range words[:min(len(words), most)] {
		langs := known[w.Text]
		if langs == 0 || seen[w.Text] {
			continue
		}
		seen[w.Text] = true
		for i := range counts {
			counts[i] += int(langs >> i & 1)
		}
	}
	for i, n := range counts {
		switch {
		case n > hits:
			lang, second, hits = worded[i].lang, hits, n
		case n > second:
			second = n
		}
	}
	return lang, hits, second
}
