package scanner

import "github.com/winnowmail/winnow/checks/option"

// plain are the tables of modules whose families have no options: a file can
// switch them off, and name what is as it is.
func (s *Setup) plain() []*option.Section {
	symbols := func(pairs ...string) (keys []option.Key) {
		for i := 0; i < len(pairs); i += 2 {
			keys = append(keys, option.Fixed(pairs[i], pairs[i+1], "the symbol is always this one"))
		}
		return keys
	}
	chartable := append(symbols("symbol", "R_MIXED_CHARSET", "url_symbol", "R_MIXED_CHARSET_URL"),
		option.Fixed("threshold", 0.3, "how bad a word is, is counted as Rspamd 4.1.6 does without a threshold of its own"),
		option.Fixed("max_word_len", 10, "words are judged whatever their length"))
	return []*option.Section{
		s.module("maillist", "maillist", "recognises mailing lists", symbols("symbol", "MAILLIST")),
		s.module("chartable", "chartable", "finds words that mix letters of several scripts", chartable),
		s.module("forged_recipients", "forged_recipients", "compares the envelope with the header",
			symbols("symbol_sender", "FORGED_SENDER", "symbol_rcpt", "FORGED_RECIPIENTS")),
		s.module("rdns", "rdns", "looks up the client's name", nil),
	}
}

// module is the table of a module that does its work in a family without options.
func (s *Setup) module(name, family, doc string, keys []option.Key) *option.Section {
	return &option.Section{Name: name, Doc: doc, Keys: keys, Drop: func() { s.off = append(s.off, family) }}
}
