package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html"
	"maps"
	"math/rand"
	"mime/quotedprintable"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/mail"
)

// An attack adds text to spam.
type attack struct {
	name  string
	front bool
	text  func(n int) string // nil: none
	after []int              // lessons of such messages after which it is measured again
}

// attack learns the first 70 % of a corpus and judges the rest, with the text of
// each attack added to its spam.
func (r *run) attack(m maker, s stream) (rows []row, err error) {
	samples, _, err := r.samples(m, s.items, "")
	if err != nil {
		return nil, err
	}
	var byOrder [][]row
	for k, order := range orders(s.items, r.shuffles) {
		train, test := order[:len(order)*7/10], order[len(order)*7/10:]
		attacks, err := r.attacks(s.items, train, int64(k))
		if err != nil {
			return nil, err
		}
		var list []row
		for _, a := range attacks {
			more, err := r.attempt(m, s.name, samples, train, test, a, k)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
		byOrder = append(byOrder, list)
	}
	return across(byOrder), nil
}

// attempt measures one attack on a model that has learned the training part.
func (r *run) attempt(m maker, corpus string, samples []sample, train, test []int, a attack, k int) (rows []row, err error) {
	model, err := m.fresh()
	if err != nil {
		return nil, err
	}
	if _, err := r.regime.run(r.ctx, model, samples, train, int64(k)); err != nil {
		return nil, err
	}
	var all []sample
	var spam []int // places in all
	for n, i := range test {
		it := samples[i]
		if it.spam {
			spam = append(spam, len(all))
		}
		if it.spam && a.text != nil {
			raw, err := it.read(r.corpus)
			if err != nil {
				return nil, err
			}
			if it.features, _, err = r.features(m, pad(r.sender.strip(raw), a.text(n), a.front), ""); err != nil {
				return nil, fmt.Errorf("%s: %w", it.path, err)
			}
		}
		all = append(all, it)
	}
	after := append([]int{0}, a.after...)
	learned := 0
	for _, n := range after {
		regime := "attack=" + a.name
		if n > 0 {
			regime += fmt.Sprintf(",learned=%d", n)
		}
		for ; learned < min(n, len(spam)); learned++ {
			if _, _, err := model.learn(label{len(samples) + learned, all[spam[learned]].features, true, true}); err != nil {
				return nil, err
			}
		}
		// What one row of this attack learns, none judges.
		out := spam[:min(after[len(after)-1], len(spam))]
		st := r.regime.student(model, int64(k))
		st.trial.learned = true
		for i := range all {
			if slices.Contains(out, i) {
				continue
			}
			v, err := st.judge(&all[i])
			if err != nil {
				return nil, err
			}
			st.trial.results = append(st.trial.results, v)
		}
		st.trial.table = model.bytes()
		rows = append(rows, st.trial.row(corpus, k, m.name(), r.label(regime)))
	}
	return rows, nil
}

// commonWords is how many words are added.
const commonWords = 200

// attacks knows the mail that was learned.
func (r *run) attacks(items []item, train []int, seed int64) ([]attack, error) {
	n := [2]map[string]int{{}, {}} // messages of ham and spam that have a word
	var total [2]float64
	var pasted []string // texts of ham
	for _, i := range train {
		raw, err := items[i].read(r.corpus)
		if err != nil {
			return nil, err
		}
		class := class(items[i].spam)
		text := textOf(mail.Parse(r.sender.strip(raw), mail.Envelope{}, mail.Limits{}))
		total[class]++
		for w := range wordsOf(text) {
			n[class][w]++
		}
		if class == 0 && strings.TrimSpace(text) != "" {
			pasted = append(pasted, text)
		}
	}
	common := first(n[0], func(w string) float64 { return float64(n[0][w]) })
	ratio := first(n[0], func(w string) float64 {
		return (float64(n[0][w]) + .1) / (total[0] + 1) / ((float64(n[1][w]) + .1) / (total[1] + 1))
	})
	rnd := rand.New(rand.NewSource(seed))
	for _, list := range [][]string{common, ratio} {
		rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	rnd.Shuffle(len(pasted), func(i, j int) { pasted[i], pasted[j] = pasted[j], pasted[i] })
	if len(pasted) == 0 {
		pasted = []string{""}
	}
	few, more := []int{1, 3, 10}, []int{1, 3, 10, 30}
	fixed := func(words []string) func(int) string { return func(int) string { return strings.Join(words, " ") } }
	another := func(i int) string { return pasted[i%len(pasted)] }
	return []attack{
		{name: "none"},
		{name: "common-words", text: fixed(common), after: few},
		{name: "chosen-words", text: fixed(ratio), after: few},
		{name: "ham-behind", text: another, after: more},
		{name: "ham-in-front", front: true, text: another, after: more},
	}, nil
}

// first returns the words of the highest value.
func first(words map[string]int, value func(string) float64) []string {
	list := slices.SortedFunc(maps.Keys(words), func(a, b string) int {
		return cmp.Or(cmp.Compare(value(b), value(a)), cmp.Compare(a, b))
	})
	return list[:min(len(list), commonWords)]
}

func textOf(m *mail.Message) string {
	var b strings.Builder
	for _, t := range m.Texts() {
		b.WriteString(t.Plain())
		b.WriteByte('\n')
	}
	return b.String()
}

// wordsOf are the words of ASCII letters of a text, in lower case.
func wordsOf(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if len(w) > 1 && len(w) <= 20 {
			set[w] = true
		}
	}
	return set
}

// pad adds a text to every text part of a message, in front or behind, in the
// part's own transfer encoding. Whatever is not ASCII becomes a question mark.
func pad(raw []byte, text string, front bool) []byte {
	m := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
	text = strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return '?'
		}
		return r
	}, text)
	texts := slices.Clone(m.Texts())
	slices.SortFunc(texts, func(a, b *mail.Text) int { return cmp.Compare(b.Part.BodyOffset, a.Part.BodyOffset) })
	for _, t := range texts { // the last one first, so that offsets stay right
		p := t.Part
		body := encode(p.EffectiveEncoding(), join(p.Content(), text, t.IsHTML, front))
		raw = slices.Concat(raw[:p.BodyOffset], body, raw[p.BodyOffset+p.BodyLength:])
	}
	return raw
}

var (
	bodyStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)<body[^>]*>`) })
	bodyEnd   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)</body`) })
)

// join puts a text where a reader of the part sees it.
func join(content []byte, text string, isHTML, front bool) []byte {
	at := len(content)
	if front {
		at = 0
	}
	if isHTML {
		text = "<p>" + html.EscapeString(text) + "</p>"
		if found := bodyStart().FindIndex(content); front && found != nil {
			at = found[1]
		}
		if found := bodyEnd().FindAllIndex(content, -1); !front && found != nil {
			at = found[len(found)-1][0]
		}
	}
	return slices.Concat(content[:at], []byte("\n"+text+"\n"), content[at:])
}

func encode(encoding string, content []byte) []byte {
	var b bytes.Buffer
	switch encoding {
	case "base64":
		s := base64.StdEncoding.EncodeToString(content)
		for ; len(s) > 76; s = s[76:] {
			b.WriteString(s[:76] + "\n")
		}
		b.WriteString(s + "\n")
	case "quoted-printable":
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write(content)
		_ = w.Close()
		b.WriteByte('\n')
	default:
		return content
	}
	return b.Bytes()
}
