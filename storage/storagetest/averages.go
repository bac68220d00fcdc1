package storagetest

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

func averageCases() []testCase[storage.Averages] {
	return []testCase[storage.Averages]{
		{"Observe", observe},
		{"Windows", observeWindows},
		{"ClockGoesBack", observeBack},
		{"TTL", observeTTL},
		{"Names", seriesNames},
		{"Bad", badObservations},
		{"Many", observeMany},
		{"Concurrent", observeConcurrent},
	}
}

// month is the window of most of the tests.
func month() []storage.Window { return []storage.Window{{Name: "1m", Span: 30 * 24 * time.Hour}} }

// observed adds a value to the series "s" at a time after the start.
func observed(t *testing.T, a storage.Averages, value float64, after time.Duration, ws ...storage.Window) {
	t.Helper()
	must(t, a.Observe(t.Context(), []storage.Observation{{Series: "s", Value: value, Windows: ws}}, start().Add(after)))
}

// isSeries checks the series "s" and some of its averages.
func isSeries(t *testing.T, a storage.Averages, count int64, last time.Duration, want map[string]float64, windows ...string) {
	t.Helper()
	got, err := a.Observed(t.Context(), []storage.SeriesOf{{Name: "s", Windows: windows}})
	must(t, err)
	sameSeries(t, "the series", got[0], storage.Series{Count: count, Time: start().Add(last), Values: want})
}

func sameSeries(t *testing.T, what string, got, want storage.Series) {
	t.Helper()
	if got.Count != want.Count || len(got.Values) != len(want.Values) || want.Count > 0 && !got.Time.Equal(want.Time) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
	for name, v := range want.Values {
		near(t, what+": "+name, got.Values[name], v)
	}
}

func observe(t *testing.T, _ Store, a storage.Averages) {
	isSeries(t, a, 0, 0, nil, "1m")
	observed(t, a, 12, 0, month()...)
	isSeries(t, a, 1, 0, map[string]float64{"1m": 12}, "1m")
	observed(t, a, -4, 0, month()...) // no time has passed
	isSeries(t, a, 2, 0, map[string]float64{"1m": 12}, "1m")
	observed(t, a, 2, 30*24*time.Hour, month()...)
	isSeries(t, a, 3, 30*24*time.Hour, map[string]float64{"1m": 2 + 10/math.E}, "1m")
	observed(t, a, 0, 30*24*time.Hour+1500*time.Millisecond, month()...)
	isSeries(t, a, 4, 30*24*time.Hour+1500*time.Millisecond, map[string]float64{"1m": (2 + 10/math.E) * (1 - 1.5/(30*24*3600))}, "1m")
	observed(t, a, -7.5, 100*365*24*time.Hour, month()...) // nothing is left of what was
	isSeries(t, a, 5, 100*365*24*time.Hour, map[string]float64{"1m": -7.5}, "1m")
}

// observeWindows has a window that is new to the series begin with its first value,
// and leaves those alone that are not named.
func observeWindows(t *testing.T, _ Store, a storage.Averages) {
	day, hour := storage.Window{Name: "day", Span: 24 * time.Hour}, storage.Window{Name: "hour", Span: time.Hour}
	observed(t, a, 8, 0, day)
	observed(t, a, 0, 24*time.Hour, hour, day)
	both := map[string]float64{"day": 8 / math.E, "hour": 0}
	isSeries(t, a, 2, 24*time.Hour, both, "hour", "day", "none")
	observed(t, a, 4, 25*time.Hour, hour)
	isSeries(t, a, 3, 25*time.Hour, map[string]float64{"day": both["day"]}, "day")
	isSeries(t, a, 3, 25*time.Hour, map[string]float64{"hour": 4 - 4/math.E}, "hour")
	isSeries(t, a, 3, 25*time.Hour, nil, "none")
}

func observeBack(t *testing.T, _ Store, a storage.Averages) {
	observed(t, a, 1, time.Hour, month()...)
	observed(t, a, 9, 0, month()...)
	isSeries(t, a, 2, 0, map[string]float64{"1m": 1}, "1m")
}

func observeTTL(t *testing.T, s Store, a storage.Averages) {
	add := func(ttl time.Duration) {
		must(t, a.Observe(t.Context(), []storage.Observation{{Series: "s", Value: 1, Windows: month(), TTL: ttl}}, start()))
	}
	count := func() int64 {
		got, err := a.Observed(t.Context(), []storage.SeriesOf{{Name: "s", Windows: []string{"1m"}}})
		must(t, err)
		return got[0].Count
	}
	first := s.lives(4 * s.Tick)
	add(4 * s.Tick)
	s.Pass(3 * s.Tick)
	second := s.lives(4 * s.Tick)
	add(4 * s.Tick)
	first()
	s.Pass(3 * s.Tick)
	n := count()
	second()
	eq(t, "the count of one that is prolonged", n, 2)
	s.Pass(2 * s.Tick)
	eq(t, "the count of one that is over", count(), 0)
	third := s.lives(s.Tick)
	add(s.Tick)
	add(0)
	third()
	s.Pass(2 * s.Tick)
	eq(t, "the count of one that stays", count(), 2)
}

func seriesNames(t *testing.T, s Store, a storage.Averages) {
	names := s.oddKeys()
	var of []storage.SeriesOf
	for i, name := range names {
		window := name[:min(len(name), storage.MaxWindowName)]
		must(t, a.Observe(t.Context(), []storage.Observation{{Series: name, Value: float64(i), Windows: []storage.Window{{Name: window, Span: time.Hour}}}}, start()))
		of = append(of, storage.SeriesOf{Name: name, Windows: []string{window}})
	}
	got, err := a.Observed(t.Context(), of)
	must(t, err)
	for i, x := range of {
		sameSeries(t, fmt.Sprintf("series %q", x.Name), got[i], storage.Series{Count: 1, Time: start(), Values: map[string]float64{x.Windows[0]: float64(i)}})
	}
	for _, name := range badKeys() {
		_, err := a.Observed(t.Context(), []storage.SeriesOf{of[0], {Name: name, Windows: []string{"w"}}})
		allAre(t, storage.ErrBadKey, err, a.Observe(t.Context(), []storage.Observation{{Series: name, Windows: month()}}, start()))
	}
}

// badObservations are errors, and those beside them are not done.
func badObservations(t *testing.T, _ Store, a storage.Averages) {
	good := storage.Observation{Series: "s", Value: 1, Windows: month()}
	for what, spoil := range map[string]func(o *storage.Observation){
		"no number":     func(o *storage.Observation) { o.Value = math.NaN() },
		"too large":     func(o *storage.Observation) { o.Value = math.Inf(-1) },
		"a dead ttl":    func(o *storage.Observation) { o.TTL = -1 },
		"no windows":    func(o *storage.Observation) { o.Windows = nil },
		"no span":       func(o *storage.Observation) { o.Windows = []storage.Window{{Name: "w"}} },
		"one twice":     func(o *storage.Observation) { o.Windows = append(month(), month()...) },
		"no name":       func(o *storage.Observation) { o.Windows = []storage.Window{{Span: time.Hour}} },
		"a long name":   func(o *storage.Observation) { o.Windows[0].Name = strings.Repeat("w", storage.MaxWindowName+1) },
		"many windows":  func(o *storage.Observation) { o.Windows = make([]storage.Window, storage.MaxWindows+1) },
		"no such place": func(o *storage.Observation) { o.Series = "" },
	} {
		bad := storage.Observation{Series: "t", Value: 1, Windows: month()}
		spoil(&bad)
		if err := a.Observe(t.Context(), []storage.Observation{good, bad}, start()); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	for _, windows := range [][]string{nil, {""}, {"w", "w"}, make([]string, storage.MaxWindows+1)} {
		if _, err := a.Observed(t.Context(), []storage.SeriesOf{{Name: "s", Windows: windows}}); err == nil {
			t.Errorf("windows %q: no error", windows)
		}
	}
	isSeries(t, a, 0, 0, nil, "1m")
}

func observeMany(t *testing.T, _ Store, a storage.Averages) {
	must(t, a.Observe(t.Context(), nil, start()))
	none, err := a.Observed(t.Context(), nil)
	must(t, err)
	eq(t, "series of nothing", len(none), 0)
	var obs []storage.Observation
	var of []storage.SeriesOf
	for i := range 600 {
		obs = append(obs, storage.Observation{Series: fmt.Sprint(i % 400), Value: float64(i % 400), Windows: month()})
		of = append(of, storage.SeriesOf{Name: fmt.Sprint(i), Windows: []string{"1m"}})
	}
	must(t, a.Observe(t.Context(), obs, start()))
	got, err := a.Observed(t.Context(), of)
	must(t, err)
	for i, x := range got {
		switch {
		case i < 200:
			sameSeries(t, of[i].Name, x, storage.Series{Count: 2, Time: start(), Values: map[string]float64{"1m": float64(i)}})
		case i < 400:
			sameSeries(t, of[i].Name, x, storage.Series{Count: 1, Time: start(), Values: map[string]float64{"1m": float64(i)}})
		default:
			sameSeries(t, of[i].Name, x, storage.Series{})
		}
	}
}

// observeConcurrent counts each of the observations that come at once.
func observeConcurrent(t *testing.T, _ Store, a storage.Averages) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 10 {
				o := storage.Observation{Series: "s", Value: 3, Windows: month()}
				if err := a.Observe(t.Context(), []storage.Observation{o, {Series: "t", Value: 1, Windows: month()}}, start()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	isSeries(t, a, 160, 0, map[string]float64{"1m": 3}, "1m")
}
