package checktest

import "flag"

// Update declares the -update flag. A family's test calls it from a package
// variable: var _ = checktest.Update().
func Update() *bool {
	return flag.Bool("update", false, "rewrite the want sections of the fixtures")
}
