package main

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

type configCmd struct {
	indexSettings
	deadSettings
	webSettings
	extractionSettings
	feedSettings
	kafkaSettings
	elasticSettings
	offerSettings
	kibanaSettings
	topicSettings
	observeSettings
}

func (configCmd) Help() string {
	return `What it prints can be saved as a configuration file, but for passwords and keys, which are masked.

Examples:

    dateline config
    DATELINE_KAFKA=broker:9092 dateline config --prefix news
    dateline config > dateline.yaml`
}

// masked stands for a secret.
const masked = "********"

func (c *configCmd) run(_ context.Context, p *process) error {
	var b strings.Builder
	if p.sources.path == "" {
		b.WriteString("# no configuration file\n")
	} else {
		fmt.Fprintf(&b, "# configuration file: %s\n", p.sources.path)
	}
	group := ""
	shown := map[string]bool{"config": true, "help": true}
	for _, f := range p.settings() {
		shown[f.Name] = true
		if f.Group != nil && f.Group.Key != group {
			group = f.Group.Key
			fmt.Fprintf(&b, "\n# %s\n", strings.TrimSuffix(f.Group.Title, ":"))
		}
		value, origin := p.setting(f)
		line := fmt.Sprintf("%s: %s", f.Name, value)
		if value == "" || strings.Contains(value, masked) {
			line = fmt.Sprintf("# %s:", f.Name)
			if value != "" {
				line += " " + value
			}
		}
		fmt.Fprintf(&b, "%-44s # %s\n", line, origin)
	}
	p.others(&b, shown)
	_, err := fmt.Fprint(p.out, b.String())
	return err
}

// settings are the flags of config and of the whole program, group by group.
func (c *Command) settings() []*kong.Flag {
	flags := slices.Clone(c.selected.Flags)
	for _, f := range c.model.Flags {
		if f.Name != "help" && f.Name != "config" {
			flags = append(flags, f)
		}
	}
	order := func(f *kong.Flag) int {
		return slices.IndexFunc(groups, func(g kong.Group) bool { return f.Group != nil && g.Key == f.Group.Key })
	}
	slices.SortStableFunc(flags, func(a, b *kong.Flag) int { return order(a) - order(b) })
	return flags
}

// setting is a flag's value as YAML, empty where it has none, and where it comes from.
func (c *Command) setting(f *kong.Flag) (value, origin string) {
	origin = "default"
	if from := c.sources.origin(f.Name); from != "" {
		origin = from
	}
	if c.given[f.Name] {
		origin = "--" + f.Name
	}
	v := f.Target.Interface()
	if s, ok := v.(fmt.Stringer); ok {
		v = s.String()
	}
	switch t := f.Target; {
	case t.Kind() == reflect.String && t.Len() == 0, t.Kind() == reflect.Slice && t.Len() == 0:
		return "", origin
	case f.Tag.Has("secret"):
		return masked, origin
	case t.Kind() == reflect.Slice:
		list := make([]string, t.Len())
		for i := range list {
			list[i] = t.Index(i).String()
		}
		v = withoutPasswords(list)
	}
	out, err := yaml.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v)), origin
	}
	return strings.TrimSpace(string(out)), origin
}

// withoutPasswords joins addresses, their passwords masked.
func withoutPasswords(addresses []string) string {
	var out []string
	for _, a := range addresses {
		out = append(out, withoutPassword(a))
	}
	return strings.Join(out, ",")
}

// withoutPassword masks the password in an address.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err == nil && u.Host != "" && u.User == nil {
		return s // an @ in its path is none of a user's
	}
	if err != nil || u.User == nil {
		if i := strings.LastIndexByte(s, '@'); i >= 0 { // not an address that can be read: no risk
			return masked + s[i:]
		}
		return s
	}
	if _, ok := u.User.Password(); ok {
		u.User = url.UserPassword(u.User.Username(), masked)
		return strings.ReplaceAll(u.String(), url.QueryEscape(masked), masked)
	}
	return s
}

// others adds what is set for single subcommands, and names in the environment that mean nothing.
func (c *Command) others(b *strings.Builder, shown map[string]bool) {
	var lines []string
	known := map[string]bool{envName("config"): true}
	for _, f := range allFlags(c.model) {
		known[envName(f.Name)] = true
		if shown[f.Name] {
			continue
		}
		if from := c.sources.origin(f.Name); from != "" {
			lines = append(lines, fmt.Sprintf("# %s is set by %s, for the subcommands that have it", f.Name, from))
		}
	}
	var strange []string
	for name := range c.sources.env {
		if strings.HasPrefix(name, envPrefix) && !known[name] {
			strange = append(strange, fmt.Sprintf("# %s in the environment is no setting", name))
		}
	}
	slices.Sort(strange)
	if lines = append(lines, strange...); len(lines) > 0 {
		b.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	}
}
