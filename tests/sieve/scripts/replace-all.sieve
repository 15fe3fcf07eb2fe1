require ["foreverypart", "replace", "variables"];
foreverypart {
    foreverypart {
        set "b" "${b}z";
        replace :mime "Content-Type: multipart/mixed; boundary=${b}

--${b}

a
--${b}

b
--${b}

c
--${b}--
";
    }
}
