package ratelimit_test

import (
	"math"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/ratelimit"
)

func TestParseBucket(t *testing.T) {
	for s, want := range map[string]ratelimit.Bucket{
		"100 / 1min":    {Burst: 100, Rate: 100. / 60},
		"100/1m":        {Burst: 100, Rate: 100. / 60},
		"1 / 1s":        {Burst: 1, Rate: 1},
		"2k / 1h":       {Burst: 2000, Rate: 2000. / 3600},
		"1.5 / 2d":      {Burst: 1.5, Rate: 1.5 / 172800},
		"10/30":         {Burst: 10, Rate: 1. / 3},
		" 5  /  2hour ": {Burst: 5, Rate: 5. / 7200},
		"20:100 / 1day": {Burst: 20, Rate: 100. / 86400},
		"1k:0 / 1s":     {Burst: 1000},
	} {
		if got, err := ratelimit.ParseBucket(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "100", "100 / ", "/1h", "1 / 1month", "1 / 0s", "-1 / 1h", "1e400 / 1s", "0 / 1s", "0:1 / 1s", "x:1/1s", "1q / 1s", "1 / h", "0x1 / 1s", "NaN/1s"} {
		if got, err := ratelimit.ParseBucket(s); err == nil {
			t.Errorf("%q: %+v", s, got)
		}
	}
	list, err := ratelimit.ParseBuckets("2 / 1s, 20 / 1h")
	if err != nil || len(list) != 2 || list[1].Burst != 20 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := ratelimit.ParseBuckets("2 / 1s,"); err == nil {
		t.Error("an empty bucket, and no error")
	}
}

// What Text writes is read back.
func FuzzParseBucket(f *testing.F) {
	for _, s := range []string{"100 / 1min", "20:100 / 1h", "1.5 / 2d", "7 / 3", "2k:1m / 1day", "0.001 / 1s", strings.Repeat("9", 40) + " / 1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ratelimit.ParseBucket(s)
		if err != nil {
			return
		}
		if !(b.Burst > 0) || !(b.Rate >= 0) || math.IsInf(b.Burst, 0) || math.IsInf(b.Rate, 0) {
			t.Fatalf("%q: %+v", s, b)
		}
		again, err := ratelimit.ParseBucket(b.Text())
		if err != nil {
			if b.Burst < 1e-6 || b.Burst > 1e12 { // more than the text tells
				return
			}
			t.Fatalf("%q is told as %q: %v", s, b.Text(), err)
		}
		if math.Abs(again.Rate-b.Rate) > 1e-6*math.Max(b.Rate, 1) {
			t.Errorf("%q is told as %q: %v, not %v", s, b.Text(), again.Rate, b.Rate)
		}
	})
}
