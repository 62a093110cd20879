package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// envPrefix begins the names of settings in the environment.
const envPrefix = "DATELINE_"

// sources are where settings come from besides flags: the environment, then the file. It is the
// one resolver that kong has; kong's own reading of the environment is not used, for there the file
// would win.
type sources struct {
	env  map[string]string // the whole environment
	path string            // the file; empty: none
	file map[string]fileValue
}

// fileValue is a setting in the file.
type fileValue struct {
	value any // string or []any of strings
	line  int
}

func envValues(env []string) map[string]string {
	out := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if value != "" { // an empty variable is as good as none
			out[name] = value
		}
	}
	return out
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// BeforeResolve reads the configuration file, once flags are known and before they get values from
// elsewhere.
func (c *cli) BeforeResolve(ctx *kong.Context) error {
	path := ""
	for _, f := range ctx.Model.Flags {
		if f.Name == "config" {
			path, _ = ctx.FlagValue(f).(string)
		}
	}
	if path == "" {
		path = c.sources.env[envName("config")]
	}
	if err := c.sources.load(path, ctx.Model); err != nil {
		return err
	}
	ctx.AddResolver(c.sources)
	return nil
}

// load reads the file at path, or the one of the usual places that exists.
func (s *sources) load(path string, model *kong.Application) error {
	paths := []string{path}
	if path == "" {
		paths = []string{"dateline.yaml"}
		if dir := s.env["XDG_CONFIG_HOME"]; dir != "" {
			paths = append(paths, filepath.Join(dir, "dateline", "config.yaml"))
		} else if home := s.env["HOME"]; home != "" {
			paths = append(paths, filepath.Join(home, ".config", "dateline", "config.yaml"))
		}
	}
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil && path == "" {
			continue // not there, or in another user's folder, as where HOME is not this user's
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return fmt.Errorf("read configuration: %w", err)
		}
		s.path = p
		if s.file, err = parseFile(b, flagNames(model)); err != nil {
			return fmt.Errorf("%s:%w", p, err)
		}
		return nil
	}
	return nil
}

// parseFile reads a flat YAML mapping whose keys are flags' names. Errors begin with the line.
func parseFile(b []byte, known []string) (map[string]fileValue, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf(" not valid YAML: %w", err)
	}
	out := map[string]fileValue{}
	if len(doc.Content) == 0 {
		return out, nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return out, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%d: want settings as \"name: value\"", root.Line)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		name := key.Value
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%d: unknown setting %q: did you mean %q?", key.Line, name, nearest(name, known))
		}
		if _, ok := out[name]; ok {
			return nil, fmt.Errorf("%d: setting %q is given twice", key.Line, name)
		}
		for value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		v := fileValue{line: key.Line}
		switch value.Kind {
		case yaml.ScalarNode:
			if value.Tag == "!!null" || value.Value == "" {
				continue
			}
			v.value = value.Value
		case yaml.SequenceNode:
			list := []any{}
			for _, e := range value.Content {
				if e.Kind != yaml.ScalarNode {
					return nil, fmt.Errorf("%d: setting %q: a list's elements must be plain values", e.Line, name)
				}
				list = append(list, e.Value)
			}
			v.value = list
		default:
			return nil, fmt.Errorf("%d: setting %q: want a value or a list, not a mapping", key.Line, name)
		}
		out[name] = v
	}
	return out, nil
}

// flagNames lists what may stand in the file: the names of all subcommands' flags.
func flagNames(model *kong.Application) []string {
	var out []string
	for _, f := range allFlags(model) {
		if f.Name != "help" && f.Name != "config" {
			out = append(out, f.Name)
		}
	}
	return out
}

// allFlags lists each flag of the program and of its subcommands once, by name.
func allFlags(model *kong.Application) []*kong.Flag {
	var out []*kong.Flag
	seen := map[string]bool{}
	var visit func(*kong.Node)
	visit = func(node *kong.Node) {
		for _, f := range node.Flags {
			if !seen[f.Name] {
				seen[f.Name] = true
				out = append(out, f)
			}
		}
		for _, child := range node.Children {
			visit(child)
		}
	}
	visit(model.Node)
	return out
}

// Validate implements kong.Resolver.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: what a flag is that isn't on the command line.
func (s *sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Name == "help" || flag.Name == "config" {
		return nil, nil
	}
	if v, ok := s.env[envName(flag.Name)]; ok {
		return v, nil
	}
	if v, ok := s.file[flag.Name]; ok {
		if list, isList := v.value.([]any); isList && !flag.IsSlice() {
			return nil, fmt.Errorf("it is a list of %d, and takes one value", len(list))
		}
		return v.value, nil
	}
	return nil, nil
}

// origin says where the value of a flag that isn't on the command line comes from; empty: it is the
// default.
func (s *sources) origin(name string) string {
	if _, ok := s.env[envName(name)]; ok {
		return envName(name)
	}
	if v, ok := s.file[name]; ok {
		return fmt.Sprintf("%s:%d", s.path, v.line)
	}
	return ""
}

// explain says an error of parsing in this program's words, with what helps, and where the value comes
// from that it is about.
func (s *sources) explain(err error) error {
	help := "dateline --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		help = "dateline " + parse.Context.Selected().Path() + " --help"
	}
	switch said := err.Error(); {
	case dashedValue.MatchString(said):
		m := dashedValue.FindStringSubmatch(said)
		if _, notNumber := strconv.ParseFloat(m[2], 64); notNumber == nil {
			return fmt.Errorf("%s is %s: it can't be negative", m[1], m[2])
		}
		return fmt.Errorf("%s wants a value, and %s follows it: %s shows what it takes", m[1], m[2], help)
	case unknownWord.MatchString(said) && help == "dateline --help":
		return fmt.Errorf("there is no subcommand %q: %s lists them", unknownWord.FindStringSubmatch(said)[1], help)
	case unknownWord.MatchString(said), strings.HasPrefix(said, "unknown flag") && !strings.Contains(said, "did you mean"), strings.HasPrefix(said, "expected "):
		return fmt.Errorf("%w: see %s", err, help)
	}
	if m := aboutFlag.FindStringSubmatch(err.Error()); m != nil {
		if from := s.origin(m[1]); from != "" {
			return fmt.Errorf("%w (set by %s)", err, from)
		}
	}
	return err
}

var (
	aboutFlag   = regexp.MustCompile(`^--([a-z0-9-]+)`)
	dashedValue = regexp.MustCompile(`^(--[a-z0-9-]+): expected .* but got "(-[^"]*)" \((?:short|long) flag\)`)
	unknownWord = regexp.MustCompile(`^unexpected argument ([^ ,]+)$`)
)

// nearest is the name of least edit distance, the first of equals.
func nearest(name string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := distance(strings.ToLower(strings.ReplaceAll(name, "_", "-")), k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
