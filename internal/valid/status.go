package valid

import "fmt"

// Status reports a status that is none of those known; "" is none yet.
func Status[T ~string](status T, known ...T) error {
	if status == "" {
		return nil
	}
	for _, k := range known {
		if status == k {
			return nil
		}
	}
	return fmt.Errorf("unknown status %q", status)
}
