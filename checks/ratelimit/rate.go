package ratelimit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseRate reads a rate as Rspamd writes it, "100 / 1min": a number, perhaps
// with k, m or g for thousands, in a time, a number with s, m, h or d (or sec,
// min, hour, day; seconds without one). It returns both, the time in seconds.
func ParseRate(s string) (n, seconds float64, err error) {
	left, right, ok := strings.Cut(s, "/")
	if !ok {
		return 0, 0, fmt.Errorf("%q is no rate such as 100 / 1h", s)
	}
	if n, err = number(left, map[string]float64{"": 1, "k": 1e3, "m": 1e6, "g": 1e9}); err != nil {
		return 0, 0, fmt.Errorf("the rate %q: %w", s, err)
	}
	seconds, err = number(right, map[string]float64{
		"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400,
	})
	if err == nil && seconds == 0 {
		err = fmt.Errorf("no time")
	}
	if err != nil {
		return 0, 0, fmt.Errorf("the rate %q: %w", s, err)
	}
	return n, seconds, nil
}

// number reads a number with a unit, at least 0.
func number(s string, units map[string]float64) (float64, error) {
	s = strings.Trim(s, " ")
	end := strings.LastIndexAny(s, "0123456789.") + 1
	unit, ok := units[s[end:]]
	if !ok {
		return 0, fmt.Errorf("%q is no unit", s[end:])
	}
	f, err := strconv.ParseFloat(s[:end], 64)
	if err != nil || strings.Trim(s[:end], "0123456789.") != "" {
		return 0, fmt.Errorf("%q is no number", s[:end])
	}
	return f * unit, nil
}

// ParseBucket reads a bucket as Rspamd's short form says it, "100 / 1h": what
// comes in the time is the burst too. "20:100 / 1h" has a burst of its own.
func ParseBucket(s string) (Bucket, error) {
	burst, rate, own := strings.Cut(s, ":")
	if !own {
		rate = s
	}
	n, seconds, err := ParseRate(rate)
	if err != nil {
		return Bucket{}, err
	}
	b := Bucket{Burst: n, Rate: n / seconds}
	if own {
		if b.Burst, err = number(burst, map[string]float64{"": 1, "k": 1e3, "m": 1e6, "g": 1e9}); err != nil {
			return Bucket{}, fmt.Errorf("the burst of %q: %w", s, err)
		}
	}
	if b.Burst <= 0 {
		return Bucket{}, fmt.Errorf("%q lets nothing through", s)
	}
	return b, nil
}

// ParseBuckets reads buckets with commas between them.
func ParseBuckets(s string) ([]Bucket, error) {
	var list []Bucket
	for text := range strings.SplitSeq(s, ",") {
		b, err := ParseBucket(text)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// Text returns the bucket in the form that ParseBucket reads.
func (b Bucket) Text() string {
	for _, u := range []struct {
		name    string
		seconds float64
	}{{"1s", 1}, {"1min", 60}, {"1h", 3600}, {"1d", 86400}} {
		// What is not a whole number of a smaller unit is told by a larger one.
		if n := b.Rate * u.seconds; n >= 1 && math.Abs(n-math.Round(n)) < 1e-6 || u.name == "1d" {
			rate := decimal(math.Round(n*1e6)/1e6) + " / " + u.name
			if math.Round(n) == b.Burst {
				return rate
			}
			return decimal(b.Burst) + ":" + rate
		}
	}
	return ""
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// plain writes a number as Lua does.
func plain(f float64) string { return strconv.FormatFloat(f, 'g', 14, 64) }
