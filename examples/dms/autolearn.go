package main

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow"
)

// autolearn is what the flag -autolearn says.
type autolearn string

const autolearnUsage = "`what` is learned by itself in -state: off, action (as spam what the score without what was learned would reject, as ham what is below 0), " +
	"verdict (with Rspamd's counts of symbols), or HAM,SPAM: scores up to and from which on"

// options returns what the flag says; on is false for "off".
func (a autolearn) options() (o winnow.AutolearnOptions, on bool, err error) {
	switch a {
	case "", "off":
		return o, false, nil
	case "action":
		return o, true, nil
	case "verdict":
		o.Form = winnow.AutolearnVerdict
		return o, true, nil
	}
	text, text2, ok := strings.Cut(string(a), ",")
	ham, err := strconv.ParseFloat(text, 64)
	spam, err2 := strconv.ParseFloat(text2, 64)
	if !ok || err != nil || err2 != nil || !(ham < spam) {
		return o, false, fmt.Errorf("-autolearn: %q is none of off, action, verdict and HAM,SPAM (as -1,12)", string(a))
	}
	o.Form, o.Ham, o.Spam = winnow.AutolearnScore, &ham, &spam
	return o, true, nil
}

// after adds what learns to the Scanner's options.
func (a autolearn) after(o *winnow.Options) error {
	learn, on, err := a.options()
	if err != nil || !on {
		return err
	}
	learn.Learner, learn.Classifiers, learn.Balance = o.Learner, o.Classifiers, .9
	log := o.Log
	learn.Tell = func(_ *winnow.Result, d winnow.AutolearnDecision) {
		log.Debug("autolearn", "class", string(d.Class), "why", d.Why, slog.Any("outcomes", d.Outcomes))
	}
	after, err := winnow.Autolearn(learn)
	if err != nil {
		return fmt.Errorf("-autolearn: %w", err)
	}
	o.After = append(o.After, after)
	return nil
}
