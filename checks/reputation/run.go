package reputation

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// A known value is one of which a reputation may be known.
type known struct {
	value
	key    string
	series storage.Series
	// query and answer are those of a list in DNS.
	query, answer string
}

// A finding is what one rule has of a message.
type finding struct {
	*rule
	known []known
}

// lookUp is the check of rules whose reputations are in the store: it asks for all
// of them in one trip, and hands over that they get the message's score.
func lookUp(rules []*rule) func(context.Context, *checks.Task) error {
	return func(ctx context.Context, t *checks.Task) error {
		if t.Store() == nil {
			return nil
		}
		var all []finding
		var of []storage.SeriesOf
		for _, r := range rules {
			f := finding{rule: r}
			for _, v := range r.values(t) {
				if key, ok := r.key(v); ok {
					f.known = append(f.known, known{value: v, key: key})
					of = append(of, storage.SeriesOf{Name: key, Windows: r.names})
				}
			}
			all = append(all, f)
		}
		if len(of) == 0 {
			return nil
		}
		remember(t, all)
		series, err := t.Store().Observed(ctx, of)
		if err != nil || len(series) != len(of) { // Result.Incomplete names the check.
			return nil
		}
		for _, f := range all {
			for i := range f.known {
				f.known[i].series, series = series[0], series[1:]
			}
			f.raise(t)
		}
		return nil
	}
}

// remember hands over that the score is added to the reputations once it is final:
// without what the rule itself added, and once where rules share a key.
func remember(t *checks.Task, all []finding) {
	store, now := t.Store(), t.Now()
	t.Commit(func(ctx context.Context, v checks.Final) error {
		if v.PreResult != nil {
			return nil
		}
		var obs []storage.Observation
		seen := map[string]bool{}
		for _, f := range all {
			score := v.Score
			for _, d := range f.symbols() {
				score -= v.ScoreOf(d.Name)
			}
			for _, k := range f.known {
				if !seen[k.key] {
					seen[k.key] = true
					obs = append(obs, storage.Observation{Series: k.key, Value: score, Windows: f.windows, TTL: f.Expire})
				}
			}
		}
		_ = store.Observe(ctx, obs, now) // Result.Incomplete names the check.
		return nil
	})
}

// ask is the check of rules whose reputations are in lists of DNS.
func ask(rules []*rule) func(context.Context, *checks.Task) error {
	return func(ctx context.Context, t *checks.Task) error {
		if !t.Asks() {
			return nil
		}
		var all []finding
		var questions []resolver.Question
		for _, r := range rules {
			f := finding{rule: r}
			for _, v := range r.values(t) {
				if q, ok := r.question(v); ok {
					f.known = append(f.known, known{value: v, query: q.String()})
					questions = append(questions, q)
				}
			}
			all = append(all, f)
		}
		replies := resolver.LookupAll(ctx, t.Resolver(), questions...)
		for _, f := range all {
			for i := range f.known {
				k := &f.known[i]
				if texts := replies[0].Answer.Texts(); replies[0].Err == nil && len(texts) > 0 {
					k.answer = strings.ToValidUTF8(texts[0][:min(len(texts[0]), maxAnswer)], "\uFFFD")
					k.series = parseAnswer(texts[0], f.rule)
				}
				replies = replies[1:]
			}
			f.raise(t)
		}
		return nil
	}
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 255

// parseAnswer reads what a list says: the number of messages and averages, with
// semicolons between them. What is no number is left out.
func parseAnswer(text string, r *rule) (s storage.Series) {
	var numbers []float64
	for word := range strings.SplitSeq(text[:min(len(text), maxAnswer)], ";") {
		if f, err := strconv.ParseFloat(strings.TrimSpace(word), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			numbers = append(numbers, f)
		}
	}
	if len(numbers) < 2 || numbers[0] < 1 {
		return s
	}
	s.Count = int64(min(numbers[0], 1<<53))
	sum := 0.0
	for _, f := range numbers[1:] {
		sum += f / float64(len(numbers)-1)
	}
	s.Values = map[string]float64{r.names[0]: sum}
	return s
}

// score is Rspamd's: from -1 to 1, 0 if too few messages are known.
func (f finding) score(t *checks.Task, k known, factor float64) float64 {
	if k.series.Count < int64(f.LowerBound) || k.series.Count < 1 {
		return 0
	}
	sum, n := 0.0, 0
	for _, w := range f.Windows {
		if v, ok := k.series.Values[w.Name]; ok {
			sum, n = sum+v*w.Factor, n+1
		}
	}
	if n == 0 {
		return 0
	}
	required := t.Required()
	if required <= 0 {
		required = 10
	}
	// -0.5 where the average is 0, and 0.86 where it is the threshold.
	return math.Tanh(sum/float64(n)/required*1.83178-0.5493) * factor
}

// least is the smallest reputation that counts.
const least = 1e-3

// raise raises what the reputations come to.
func (f finding) raise(t *checks.Task) {
	sum, most := 0.0, int64(0)
	for _, k := range f.known {
		most = max(most, k.series.Count)
	}
	var parts []string
	for _, k := range f.known {
		switch f.Kind {
		case IP:
			if f.Zone != "" && k.answer == "" {
				continue
			}
			s := f.score(t, k, k.factor)
			sum += s
			parts = append(parts, fmt.Sprintf("%s: %s(%.2f)", k.part, k.text, s))
		case DKIM:
			sum += f.score(t, k, k.factor)
		case URL:
			if most > 0 { // by the messages that are known, as Rspamd
				sum += f.score(t, k, float64(k.count)/float64(most))
			}
		default:
			if s := f.score(t, k, k.factor); math.Abs(s) > least {
				f.hit(t, s, "", []known{k})
			}
		}
	}
	switch {
	case f.Kind == DKIM && (math.Abs(sum) > least || t.Exact() && len(f.known) > 0):
		s := min(max(sum, -1), 1)
		f.hit(t, s, "", f.known)
		if f.post != nil && t.Has(dkim.Allow) && math.Abs(sum) > least {
			t.HitFactor(f.post, math.Tanh(sum))
		}
	case f.Kind == IP && math.Abs(sum) > least:
		f.hit(t, sum, strings.Join(parts, ", "), f.known)
	case f.Kind == URL && math.Abs(sum) > least:
		f.hit(t, sum, "", f.known)
	}
}

// hit raises the symbol of a reputation; without another option that is in it.
func (f finding) hit(t *checks.Task, s float64, option string, of []known) {
	if f.MinScore != nil {
		s = max(s, *f.MinScore)
	}
	if f.MaxScore != nil {
		s = min(s, *f.MaxScore)
	}
	option = cmp.Or(option, luaNumber(s))
	h := symbols.Hit{Def: f.spam, Factor: s, Options: []string{option}}
	if f.ham != f.spam && s < 0 {
		h.Def, h.Factor = f.ham, -s
	}
	for _, k := range of {
		if k.answer != "" {
			h.Evidence = append(h.Evidence, symbols.Evidence{Query: k.query, Answer: k.answer})
		}
	}
	t.HitAt(h)
}

// luaNumber writes a number as Lua does.
func luaNumber(f float64) string { return strconv.FormatFloat(f, 'g', 14, 64) }
