package neural

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section neural: rules by name, or one rule that
// the section itself describes. Symbols get their weights from their groups.
func (o *Options) Section() *option.Section {
	r := rule("default", "NEURAL_", 0, 0)
	return &option.Section{
		Name: "neural", Doc: "has nets learn which symbols come together",
		Keys: slices.Concat(r.keys(), []option.Key{
			option.Each("rules", o.rule, "nets by name, in place of the one that the section describes"),
			option.Duration("watch_interval", &o.Watch, "how often the store is looked at").Or(DefaultWatch),
			option.Strings("blacklisted_symbols", &o.Exclude, "symbols that nets do not see").Example([]string{"OTHER"}),
			option.Fixed("lock_expire", 600, "a training may take ten minutes"),
			option.Idle("the store has its own time limit", "timeout")[0],
		}),
		Use: func() error {
			if len(o.Rules) == 0 {
				o.Rules = []Rule{r}
			}
			return nil
		},
	}
}

// rule is the table of one rule. Its name is that of the rule in the store, without
// what all have in common.
func (o *Options) rule(name string) *option.Section {
	short := strings.Map(func(r rune) rune {
		if validName(string(r)) {
			return r
		}
		return '-'
	}, strings.TrimPrefix(strings.ToLower(name), "neural_"))
	r := rule(short, "NEURAL_", 0, 0)
	return &option.Section{Name: name, Doc: "one net", Keys: r.keys(), Use: func() error {
		o.Rules = append(slices.Clip(o.Rules), r)
		return nil
	}}
}

// keys are those of a rule.
func (r *Rule) keys() []option.Key {
	const dense = "nets see symbols and few numbers: other inputs, their layers and models are not there"
	return slices.Concat([]option.Key{
		option.String("symbol_spam", &r.Spam.Name, "raised by what looks like spam"),
		option.String("symbol_ham", &r.Ham.Name, "raised by what looks like ham"),
		option.Duration("ann_expire", &r.Expire, "how long a net is used and a vector kept").Or(DefaultExpire),
		option.Float("spam_score_threshold", &r.SpamThreshold, "how sure the net has to be of spam, from 0 to 1"),
		option.Float("ham_score_threshold", &r.HamThreshold, "how sure the net has to be of ham, from 0 to 1"),
		option.Bool("flat_threshold_curve", &r.Flat, "what is sure enough counts as a whole"),
		option.Nested(r.train(), "how nets are trained"),
	}, option.Without(dense, "hidden_layer_mult", "layers", "dropout", "use_layernorm", "activation", "max_inputs", "providers", "fusion", "disable_symbols_input", "external_model"),
		option.Without("a threshold is given, or there is none", "roc_enabled", "roc_misclassification_cost"),
		option.Without("all mail has the same nets", "profile", "allowed_settings"),
		option.Idle("it is told at the level debug", "learning_spawned"))
}

// train is the table of a rule's section train.
func (r *Rule) train() *option.Section {
	return &option.Section{Name: "train", Doc: "how nets are trained", Keys: slices.Concat([]option.Key{
		option.Int("max_trains", &r.MaxTrains, "how many messages of each class a training takes").Or(DefaultTrains),
		option.Int("max_usages", &r.MaxUsages, "how often in a row a net is trained on").Or(DefaultUsages),
		option.Int("max_iterations", &r.Iterations, "how often a training goes through the messages").Or(DefaultIterations),
		option.FloatPtr("spam_score", &r.SpamScore, "learned as spam from here on; without it by the verdict"),
		option.FloatPtr("ham_score", &r.HamScore, "learned as ham up to here; without it by the verdict"),
		option.Fixed("learning_rate", 0.01, "it is RMSprop's, and no measure of what is used here"),
		option.Fixed("learn_mode", "balanced", "as much spam as ham is learned"),
		option.Fixed("classes_bias", 0, "as much spam as ham is learned"),
		option.Fixed("train_prob", 1, "all clear messages are learned"),
		option.Fixed("learn_threads", 1, "one thread trains"),
		option.Fixed("autotrain", true, "nets are trained as soon as there is enough; enabled = false switches off"),
		option.Fixed("store_pool_only", false, "vectors are kept for trainings only"),
		option.Fixed("store_set_only", false, "vectors are kept for trainings only"),
		option.Fixed("frozen", false, "nets are trained as soon as there is enough"),
	}, option.Without("a training ends by its iterations", "max_epoch", "mse"), option.Without("as much spam as ham is learned", "spam_skip_prob", "ham_skip_prob"),
		option.Without("lessons are no scans", "forced_learn_minimal_scan"))}
}
