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
# What is looked at by readers alone stays out; phrases become what the loader would make of them, so
# that it need not: lower case (of ASCII; other letters are written so, a test sees to it).
!text && /^(#|comment[ \t]*=)/ { $0 = "" }
!text && /^(not-)?(body|subject|from|to|sender|header\.[^ ]*|diagnostic|delay|success|part|type)(\[[^]]*\])?[ \t]*=/ {
    key = value = $0
    sub(/=.*/, "=", key)
    sub(/^[^=]*=/, "", value)
    gsub(/[ \t]+/, " ", value)
    $0 = key tolower(value)
}
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    printf "     \"%s\\n\"\n", $0
}
END {
    print text ? "    ;" : "    },\n    {0},\n};"
}
