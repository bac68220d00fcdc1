package scanner

import (
	"strconv"

	"github.com/winnowmail/winnow/checks/option"
)

// bayes is the table of classifier-bayes.conf.
func (s *Setup) bayes() *option.Section {
	return &option.Section{Name: "bayes", Doc: "learns from mail that people and verdicts sort", Keys: append([]option.Key{
		option.Func("autolearn", "boolean, [HAM, SPAM] or a section", s.autolearn, "learn by itself: by verdict, or from and up to scores").Or("false").Example(true),
		option.Fixed("backend", "redis", "what is learned is kept in the one store"),
		option.Fixed("new_schema", true, "what is learned is kept as Rspamd's newer schema has it"),
		option.Fixed("min_learns", 200, "how much has to be learned is the model's own"),
		option.Fixed("min_tokens", 11, "the least number of words is the model's own"),
		option.Fixed("store_tokens", false, "words are not kept as text"),
		option.Fixed("signatures", false, "lessons have their own keys"),
	}, option.Without("the model has its own way (flag -model of dms)", "tokenizer", "cache", "statfile", "learn_condition", "min_prob_strength", "min_token_hits",
		"expire", "lazy", "expiry", "users_enabled", "per_user", "per_language", "languages_enabled", "classes", "class", "type", "name",
		"servers", "password", "db", "prefix", "write_servers", "read_servers", "timeout")...)}
}

// autolearn reads the forms of Rspamd's autolearn.
func (s *Setup) autolearn(v option.Value) error {
	if v.IsObject() {
		var ham, spam *float64
		balance := .9
		table := &option.Section{Name: "autolearn", Doc: "scores", Keys: []option.Key{
			option.FloatPtr("spam_threshold", &spam, "learned as spam from here on"),
			option.FloatPtr("ham_threshold", &ham, "learned as ham up to here"),
			option.Fixed("check_balance", true, "neither class runs away from the other"),
			option.Float("min_balance", &balance, "how far the smaller class may fall behind"),
		}}
		if err := table.Apply(v, s.warn); err != nil {
			return err
		}
		if ham == nil || spam == nil {
			return v.Errorf("autolearn needs spam_threshold and ham_threshold")
		}
		return s.scores(v, *ham, *spam)
	}
	if v.IsList() {
		items := v.Items()
		if len(items) != 2 {
			return v.Errorf("autolearn is [HAM, SPAM]")
		}
		ham, err := items[0].AsFloat()
		if err != nil {
			return err
		}
		spam, err := items[1].AsFloat()
		if err != nil {
			return err
		}
		return s.scores(v, ham, spam)
	}
	on, err := v.AsBool()
	if err == nil && on {
		s.Daemon.Autolearn = "action"
	}
	return err
}

func (s *Setup) scores(v option.Value, ham, spam float64) error {
	if !(ham < spam) {
		return v.Errorf("the score of ham, %g, is not below that of spam, %g", ham, spam)
	}
	s.Daemon.Autolearn = strconv.FormatFloat(ham, 'f', -1, 64) + "," + strconv.FormatFloat(spam, 'f', -1, 64)
	return nil
}
