# Turns rule files into C: the array builtin_rules (mda/bounce/rule.h). awk -f embed.awk FILE...
# With -v text=NAME: one file as the string NAME.
BEGIN {
    if (text) {
        print "// Made from rules/ by rules/embed.awk. Do not edit."
        printf "extern const char %s[];\nconst char %s[] =\n", text, text
    }
}
!text && NR == 1 {
    print "// Made from rules/*.rules by rules/embed.awk. Do not edit."
    print "#include \"bounce/rule.h\"\n"
    print "const struct builtin_rules builtin_rules[] = {"
}
!text && FNR == 1 {
    if (NR > 1)
        print "    },"
    name = FILENAME
    sub(/.*\//, "", name)
    printf "    {\"%s\",\n", name
}
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    printf "     \"%s\\n\"\n", $0
}
END {
    print text ? "    ;" : "    },\n    {0},\n};"
}
