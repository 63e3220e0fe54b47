/* The settings from the command line: --set path=value. */
#include "config_parse.h"

static void set_overrides_the_file_in_order(void)
{
    static const char *const sets[] = {"training.epochs=5", "training.epochs=6", "model.hidden=[300,100]"};
    const char text[] = DATA "training = { epochs = 4 }";
    CU_ASSERT_EQUAL(settings_parse(&settings, "x.cfg", text, strlen(text), sets, 3), STATUS_OK);
    CU_ASSERT_EQUAL(settings.training.epochs, 6);
    CU_ASSERT_EQUAL(settings.model.hidden.count, 2);
    CU_ASSERT_EQUAL(settings.model.hidden.value[1], 100);
}

static void set_takes_libconfig_or_else_a_string(void)
{
    CU_ASSERT_EQUAL(parse_set(DATA, "model.activation=tanh"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.model.activation, "tanh");
    CU_ASSERT_EQUAL(parse_set(DATA, "model.activation=\"tanh\""), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.model.activation, "tanh");
    CU_ASSERT_EQUAL(parse_set(DATA, "model.hidden=[]"), STATUS_OK);
    CU_ASSERT_EQUAL(settings.model.hidden.count, 0);
    CU_ASSERT_EQUAL(parse_set(DATA, "data.file=a/b.h5"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.data.file, "a/b.h5");
    CU_ASSERT_EQUAL(parse_set(DATA, "data.file=/x=y//z"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.data.file, "/x=y//z");
    CU_ASSERT_EQUAL(parse_set(DATA, "data.file=/a/*b"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.data.file, "/a/*b");
    CU_ASSERT_EQUAL(parse_set(DATA, "run.name=2024-01-05"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(settings.run.name, "2024-01-05");
    CU_ASSERT_EQUAL(parse_set(DATA, "run.dir="), STATUS_OK);
    CU_ASSERT_EQUAL(parse_set(DATA, "run.name=99999999999999999999x"), STATUS_OK);
    CU_ASSERT_EQUAL(parse_set(DATA, "optimizer.schedule.gamma=1"), STATUS_OK);
    CU_ASSERT_EQUAL(settings.optimizer.schedule.gamma, 1);
}

static void set_names_itself_when_it_is_refused(void)
{
    REFUSED(parse_set(DATA, "run.seed"), "--set run.seed: path=value is needed");
    REFUSED(parse_set(DATA, "=3"), "--set =3: path=value is needed");
    REFUSED(parse_set(DATA, ""), "--set : path=value is needed");
    REFUSED(parse_set(DATA, "run.sed=3"), "--set run.sed=3: run.sed is not", "did you mean run.seed?");
    REFUSED(parse_set(DATA, "optimiser.momentum=0"), "did you mean optimizer.momentum?");
    REFUSED(parse_set(DATA, "optimiser.momentm=0"), "did you mean optimizer.momentum?");
    REFUSED(parse_set(DATA, "run=3"), "--set run=3: run is a group");
    REFUSED(parse_set(DATA, "optimizer.schedule={name=\"step\"}"), "optimizer.schedule is a group");
    REFUSED(parse_set(DATA, ".=3"), "is not a setting");
    REFUSED(parse_set(DATA, "run.=3"), "is not a setting");
    REFUSED(parse_set(DATA, "run.seed.x=3"), "is not a setting");
    REFUSED(parse_set(DATA, "training.epochs=ten"), "--set training.epochs=ten: training.epochs: found \"ten\"");
    REFUSED(parse_set(DATA, "training.epochs="), "found \"\"");
}

static void set_cannot_bring_in_a_second_setting(void)
{
    REFUSED(parse_set(DATA, "training.epochs=1; b = 2"), "--set training.epochs=1; b = 2", "more than one value");
    REFUSED(parse_set(DATA, "training.epochs=1 b = 2"), "more than one value");
    REFUSED(parse_set(DATA, "training.epochs=1\nb = 2"), "more than one value");
    REFUSED(parse_set(DATA, "training.epochs=1; x = 2"), "found \"1; x = 2\"");
    REFUSED(parse_set(DATA, "training.epochs=1 }; run = { seed = 7"), "found \"1 };");
    CU_ASSERT_NOT_EQUAL(settings.run.seed, 7);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(set_overrides_the_file_in_order),
        UNIT(set_takes_libconfig_or_else_a_string),
        UNIT(set_names_itself_when_it_is_refused),
        UNIT(set_cannot_bring_in_a_second_setting),
    };
    return UNIT_RUN("config_set", tests);
}
