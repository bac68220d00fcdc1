package score

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/symbols"
)

// TestRspamdReplies replays real replies of Rspamd: the hits that led to them
// must give the same symbols and the same sum.
func TestRspamdReplies(t *testing.T) {
	for _, version := range []string{"3.4", "4.1.6"} {
		raw, err := os.ReadFile(shared.Path(t, "reference/rspamd-api/"+version+"/checkv2.json"))
		if err != nil {
			t.Fatal(err)
		}
		var reply struct {
			Score   float64
			Symbols map[string]struct {
				Score   float64
				Metric  float64 `json:"metric_score"`
				Options []string
			}
		}
		if err := json.Unmarshal(raw, &reply); err != nil {
			t.Fatal(err)
		}
		var defs []*symbols.Def
		var hits []symbols.Hit
		for name, x := range reply.Symbols {
			d := def(name, x.Metric)
			factor := 1.0
			if x.Metric != 0 {
				factor = x.Score / x.Metric
			}
			defs, hits = append(defs, d), append(hits, hit(d, factor, x.Options...))
		}
		s := compile(t, Metric{}, defs...).NewSheet()
		for _, h := range hits {
			s.Add(h)
		}
		if s.Total() != reply.Score {
			t.Errorf("%s: total %v, want %v", version, s.Total(), reply.Score)
		}
		for _, x := range s.Symbols() {
			want := reply.Symbols[x.Name]
			if math.Abs(x.Score-want.Score) > 1e-9 || x.Weight != want.Metric || len(x.Options) != len(want.Options) {
				t.Errorf("%s: %+v, want %+v", version, x, want)
			}
		}
	}
}
