package mail

import "testing"

// TestLanguageByWords: the usual words tell the language of short texts and of
// texts without accents.
func TestLanguageByWords(t *testing.T) {
	for _, c := range []struct{ text, lang string }{
		{"Das ist ein Test.", "de"},
		{"Wir sehen uns am Montag, der Raum ist frei.", "de"},
		{"Nous sommes dans le bureau pour la signature.", "fr"},
		{"El pedido que usted hizo no ha sido pagado por el banco.", "es"},
		{"Non ho ricevuto il pagamento della fattura che ti ho mandato.", "it"},
		{"Jag har inte hört från dig och undrar när mötet är.", "sv"},
		{"To jest pilne i nie ma czasu na nic, prosze o kontakt.", "pl"},
		{"The minutes are in the folder that you have shared with us.", "en"},
		{"Invoice 4711", ""},
		{"Zoë Åkesson, Jürgen Müller", ""},
	} {
		m := Parse([]byte("Content-Type: text/plain; charset=utf-8\n\n"+c.text+"\n"), Envelope{}, Limits{})
		lang, confidence := m.Texts()[0].Language()
		if lang != c.lang || lang != "" && confidence <= 0.5 {
			t.Errorf("%q: got %q (%v), want %q", c.text, lang, confidence, c.lang)
		}
	}
}
