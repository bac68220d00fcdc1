package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/config/dms"
)

// environmentFlags are -env, and flags that exist for what docker-mailserver's
// variables can say.
type environmentFlags struct {
	use        bool
	checkUsers bool
	maxSize    int
	weights    weightFlag
	warnings   []string // about the environment
}

func (e *environmentFlags) register(flags *flag.FlagSet) {
	flags.BoolVar(&e.use, "env", false, "take what flags don't say from docker-mailserver's environment variables; dms setup tells what they come to")
	flags.BoolVar(&e.checkUsers, "check-authenticated", false, "with -profile dms, check mail of users who logged in as any other")
	flags.IntVar(&e.maxSize, "clamav-max-size", 0, "the most `bytes` that clamd is sent; by default 25,000,000")
	flags.Var(&e.weights, "weight", "give a symbol another weight, `SYMBOL=NUMBER`; may be repeated")
}

// A weightFlag collects -weight SYMBOL=NUMBER.
type weightFlag map[string]float64

func (w *weightFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (w *weightFlag) Set(s string) error {
	symbol, text, ok := strings.Cut(s, "=")
	n, err := strconv.ParseFloat(text, 64)
	if !ok || symbol == "" || err != nil {
		return errors.New("not SYMBOL=NUMBER")
	}
	if *w == nil {
		*w = weightFlag{}
	}
	(*w)[symbol] = n
	return nil
}

// defaults sets flags that were not given to what the environment says. With
// files it lies below them already, but for whose settings users have.
func (e *environmentFlags) defaults(flags *flag.FlagSet, files bool) error {
	if !e.use {
		return nil
	}
	s := dms.Read(os.LookupEnv, os.ReadFile)
	e.warnings = s.Warnings
	if !s.Enabled {
		return fmt.Errorf("-env: %s", strings.Join(append(s.Warnings, "ENABLE_RSPAMD is not 1"), "; "))
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range flagsOf(s) {
		if given[name] || files && name != "check-authenticated" {
			continue
		}
		if err := flags.Set(name, value); err != nil {
			return fmt.Errorf("-env: -%s: %w", name, err)
		}
	}
	if _, ok := e.weights[hostnameUnknown]; !ok && !files {
		return e.weights.Set(hostnameUnknown + "=" + strconv.FormatFloat(s.HostnameUnknown, 'f', -1, 64))
	}
	return nil
}

const hostnameUnknown = "HFILTER_HOSTNAME_UNKNOWN"

// flagsOf are the flags that an environment comes to.
func flagsOf(s dms.Settings) map[string]string {
	of := map[string]string{
		"profile": "dms", "milter": "127.0.0.1:11332", "controller": "0.0.0.0:11334", "dns": "system",
		"check-authenticated": strconv.FormatBool(s.CheckAuthenticated),
	}
	if s.Redis != nil {
		of["state"] = "redis://" + *s.Redis + "?rspamd=true"
		of["history"], of["replies"] = "200", "true"
		if s.Greylist {
			of["greylist"] = "true"
		}
		if len(s.Neural) > 0 {
			of["neural"] = "true"
		}
	}
	if s.Antivirus.Enabled {
		of["clamav"], of["clamav-max-size"] = "unix:"+dms.ClamdSocket, strconv.Itoa(s.Antivirus.MaxSize)
	}
	return of
}
