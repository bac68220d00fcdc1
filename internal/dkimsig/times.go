package dkimsig

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Jitter is how far apart two clocks may be by default.
const Jitter = 6 * time.Hour

// InTime returns an error for a signature that has expired (x=) or is from the
// future (t=) by more than jitter; 0 means Jitter, a negative jitter means
// none.
func (s *Signature) InTime(now time.Time, jitter time.Duration) error {
	if jitter == 0 {
		jitter = Jitter
	}
	jitter = max(jitter, 0)
	if s.Time.After(now.Add(jitter)) {
		return errors.New("signature is from the future")
	}
	if !s.Expires.IsZero() && s.Expires.Before(now.Add(-jitter)) {
		return errors.New("signature has expired")
	}
	return nil
}

func (s *Signature) readTimes(tags Tags) (err error) {
	t, hasTime := tags.Get("t")
	if hasTime {
		if s.Time, err = parseTime(t); err != nil {
			return fmt.Errorf("t=%.20s: %w", t, err)
		}
	}
	x, ok := tags.Get("x")
	if !ok || s.Kind == ARCSeal {
		return nil
	}
	if s.Expires, err = parseTime(x); err != nil {
		return fmt.Errorf("x=%.20s: %w", x, err)
	}
	if hasTime && s.Expires.Before(s.Time) {
		return errors.New("x= is before t=")
	}
	return nil
}

func parseTime(v string) (time.Time, error) {
	n, err := parseNumber(v)
	return time.Unix(n, 0).UTC(), err
}

// parseNumber reads a number of at most 12 digits (RFC 6376 section 3.5). A
// number that is too large counts as 1<<50.
func parseNumber(v string) (int64, error) {
	const most = 1 << 50
	if v == "" || strings.Trim(v, "0123456789") != "" {
		return 0, errors.New("no number")
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || n > most {
		return most, nil
	}
	return int64(n), nil
}
