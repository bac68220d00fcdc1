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

// parseSettings reads the Settings header: the "apply" part of Rspamd's
// settings as a JSON object, bare or as the member "apply". It says which
// symbols and groups are looked at, what they weigh, and the thresholds. A
// key that is not supported is an error: the verdict would not be what the
// client asked for.
func parseSettings(data []byte, s *winnow.Settings) error {
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
		if err := setting(key, object[key], s); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func setting(key string, data json.RawMessage, s *winnow.Settings) error {
	switch key {
	case "symbols_enabled":
		return unmarshal(data, &s.SymbolsEnabled)
	case "symbols_disabled":
		return unmarshal(data, &s.SymbolsDisabled)
	case "groups_enabled":
		return unmarshal(data, &s.GroupsEnabled)
	case "groups_disabled":
		return unmarshal(data, &s.GroupsDisabled)
	case "scores":
		return unmarshal(data, &s.Scores)
	case "actions":
		return thresholds(data, s)
	case "flags":
		var flags []string
		if err := unmarshal(data, &flags); err != nil {
			return err
		}
		for _, f := range flags {
			if f != "pass_all" {
				return fmt.Errorf("%q is not supported", f)
			}
			s.PassAll = true
		}
		return nil
	}
	return errors.New("not supported")
}

// thresholds reads {"reject": 10, "greylist": null}; null takes one away.
func thresholds(data json.RawMessage, s *winnow.Settings) error {
	var values map[string]*float64
	if err := unmarshal(data, &values); err != nil {
		return err
	}
	s.Thresholds = actions.Thresholds{}
	for name, v := range values {
		a := actions.Parse(name)
		if a.Custom() {
			return fmt.Errorf("%q is no action", name)
		}
		if v == nil {
			s.Thresholds[a] = math.NaN()
		} else {
			s.Thresholds[a] = *v
		}
	}
	return nil
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
