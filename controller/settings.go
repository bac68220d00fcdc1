package controller

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
)

// An apply is the "apply" member of Rspamd's settings: which symbols and groups
// are looked at, what they weigh, and the thresholds.
type apply struct {
	symbolsEnabled, symbolsDisabled []string
	groupsEnabled, groupsDisabled   []string
	scores                          map[string]float64
	thresholds                      actions.Thresholds // NaN takes one away
	passAll, noLog                  bool
}

// parseSettings reads the Settings header: an apply as a JSON object, bare or
// as the member "apply". A key that is not supported is an error: the verdict
// would not be what the client asked for.
func parseSettings(data []byte, s *apply) error {
	var object map[string]json.RawMessage
	if err := unmarshal(data, &object); err != nil {
		return err
	}
	if apply, ok := object["apply"]; ok {
		if len(object) > 1 {
			return errors.New(`nothing may stand beside "apply"`)
		}
		object = nil
		if err := unmarshal(apply, &object); err != nil {
			return fmt.Errorf("apply: %w", err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if err := s.member(key, object[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func (s *apply) member(key string, data json.RawMessage) error {
	switch key {
	case "symbols_enabled":
		return unmarshal(data, &s.symbolsEnabled)
	case "symbols_disabled":
		return unmarshal(data, &s.symbolsDisabled)
	case "groups_enabled":
		return unmarshal(data, &s.groupsEnabled)
	case "groups_disabled":
		return unmarshal(data, &s.groupsDisabled)
	case "scores":
		return s.weights(data)
	case "actions":
		return s.actions(data)
	case "flags":
		var flags []string
		if err := unmarshal(data, &flags); err != nil {
			return err
		}
		for _, f := range flags {
			switch f {
			case "pass_all":
				s.passAll = true
			case "no_log":
				s.noLog = true
			default:
				return fmt.Errorf("%q is not supported", f)
			}
		}
		return nil
	}
	return errors.New("not supported")
}

// weights reads {"SYMBOL": 2.5}.
func (s *apply) weights(data json.RawMessage) error {
	var values map[string]*float64
	if err := unmarshal(data, &values); err != nil {
		return err
	}
	s.scores = map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		if v == nil {
			return fmt.Errorf("the score of %q is null", name)
		}
		s.scores[name] = *v
	}
	return nil
}

// actions reads {"reject": 10, "greylist": null}; null takes one away.
func (s *apply) actions(data json.RawMessage) error {
	var values map[string]*float64
	if err := unmarshal(data, &values); err != nil {
		return err
	}
	s.thresholds = actions.Thresholds{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, a := values[name], actions.Parse(name)
		if _, twice := s.thresholds[a]; twice {
			return fmt.Errorf("%q is given twice", a)
		}
		if a.Custom() {
			return fmt.Errorf("%q is no action", name)
		}
		if v == nil {
			s.thresholds[a] = math.NaN()
		} else {
			s.thresholds[a] = *v
		}
	}
	return nil
}

// settings makes a Scanner's settings of it. Names that the Scanner does not
// know can't change the verdict: they are left out with a warning. As in
// Rspamd, what is disabled is off even if it is also enabled, so disabling
// comes in a layer above.
func (s *apply) settings(scanner Scanner, warn func(format string, args ...any)) *winnow.Settings {
	known := func(key string, names []string, group bool) (list []string) {
		for _, name := range names {
			isSymbol, isGroup, _ := scanner.Knows(name)
			if group && isGroup || !group && isSymbol {
				list = append(list, name)
			} else {
				warn("Settings: %s: %q is not known", key, name)
			}
		}
		return list
	}
	set := &winnow.Settings{PassAll: s.passAll, NoLog: s.noLog}
	set.Thresholds = s.thresholds
	for _, name := range slices.Sorted(maps.Keys(s.scores)) {
		if len(known("scores", []string{name}, false)) > 0 {
			if set.Weights == nil {
				set.Weights = map[string]float64{}
			}
			set.Weights[name] = s.scores[name]
		}
	}
	if len(s.symbolsEnabled)+len(s.groupsEnabled) > 0 {
		set.Disable = []string{"*"}
		set.Enable = slices.Concat(known("symbols_enabled", s.symbolsEnabled, false), known("groups_enabled", s.groupsEnabled, true))
	}
	off := slices.Concat(known("symbols_disabled", s.symbolsDisabled, false), known("groups_disabled", s.groupsDisabled, true))
	if len(off) > 0 {
		set.Over = []winnow.Layer{{Disable: off}}
	}
	return set
}

// unmarshal reads exactly one JSON value.
func unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(v); err != nil {
		if err == io.EOF {
			return errors.New("no JSON")
		}
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}
