package history

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/internal/nearest"
)

// ParseQuery reads a Query from the parameters of a URL: id, message-id, address,
// symbol, action, user, since and until (times, as RFC 3339 or seconds since 1970,
// or how long ago: "36h"), skip and limit. An unknown one is an error.
func ParseQuery(v url.Values, now time.Time) (q Query, err error) {
	texts := map[string]*string{
		"id": &q.ID, "message-id": &q.MessageID, "address": &q.Address, "symbol": &q.Symbol, "action": &q.Action, "user": &q.User,
	}
	times := map[string]*time.Time{"since": &q.From, "until": &q.To}
	numbers := map[string]*int{"skip": &q.Skip, "limit": &q.Limit}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		value := v.Get(name)
		switch {
		case texts[name] != nil:
			*texts[name] = value
		case times[name] != nil:
			*times[name], err = parseTime(value, now)
		case numbers[name] != nil:
			if *numbers[name], err = strconv.Atoi(value); err == nil && *numbers[name] < 0 {
				err = fmt.Errorf("%q is negative", value)
			}
		default:
			known := slices.Concat(slices.Collect(maps.Keys(texts)), slices.Collect(maps.Keys(times)), slices.Collect(maps.Keys(numbers)))
			return q, fmt.Errorf("history: no parameter %q%s", name, nearest.Hint(name, slices.Values(known)))
		}
		if err != nil {
			return q, fmt.Errorf("history: %s: %w", name, err)
		}
	}
	return q, nil
}

func parseTime(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is neither a time (2026-01-31T12:00:00Z), nor seconds, nor how long ago (36h)", s)
	}
	return t, nil
}

// Values are the parameters that ParseQuery reads a Query from.
func (q *Query) Values() url.Values {
	v := url.Values{}
	for name, s := range map[string]string{
		"id": q.ID, "message-id": q.MessageID, "address": q.Address, "symbol": q.Symbol, "action": q.Action, "user": q.User,
	} {
		if s != "" {
			v.Set(name, s)
		}
	}
	for name, t := range map[string]time.Time{"since": q.From, "until": q.To} {
		if !t.IsZero() {
			v.Set(name, strconv.FormatInt(t.Unix(), 10))
		}
	}
	for name, n := range map[string]int{"skip": q.Skip, "limit": q.Limit} {
		if n != 0 {
			v.Set(name, strconv.Itoa(n))
		}
	}
	return v
}

// Find is Search for the parameters of a URL; rows are JSON objects.
func (h *History) Find(ctx context.Context, v url.Values) ([]json.RawMessage, error) {
	q, err := ParseQuery(v, h.o.Clock())
	if err != nil {
		return nil, err
	}
	rows, err := h.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	list := []json.RawMessage{}
	for i := range rows {
		if data, err := rows[i].marshal(nil); err == nil { // else it is somebody else's, and too long
			list = append(list, data)
		}
	}
	return list, nil
}
